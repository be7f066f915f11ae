"""A real mosquitto of one's own: a free port, a directory, and a process that is ended by its id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

START_LIMIT_S = 10


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Mosquitto:
    """``with Mosquitto(directory) as broker``: listens on ``broker.port``, the same over restarts."""

    def __init__(self, directory: Path, *lines: str, port: int = 0, anonymous: bool = True) -> None:
        """``lines`` are added to its configuration."""
        self.port = port or free_port()
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._config = directory / "mosquitto.conf"
        own = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {str(anonymous).lower()}",
            "set_tcp_nodelay true",
        ]
        if os.geteuid() == 0:
            own.append("user root")
        self._config.write_text("\n".join([*own, *lines]) + "\n")

    @property
    def url(self) -> str:
        """What a client dials."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> Mosquitto:
        """Return when it accepts connections."""
        program = shutil.which("mosquitto")
        assert program is not None, "mosquitto is not installed"
        with open(self.directory / "mosquitto.log", "ab") as log:
            self._process = subprocess.Popen([program, "-c", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT_S
        while not self._listens():
            assert self._process.poll() is None, (self.directory / "mosquitto.log").read_text()
            assert time.monotonic() < deadline, "mosquitto does not listen"
            time.sleep(0.005)
        return self

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process and wait for it; SIGTERM lets it save, SIGKILL does not."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
            process.wait(START_LIMIT_S)

    def restart(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop and start on the same port."""
        self.stop(how)
        self.start()

    def signal(self, which: signal.Signals) -> None:
        """SIGSTOP freezes it, SIGCONT thaws it, SIGHUP makes it read its files again."""
        assert self._process is not None
        self._process.send_signal(which)

    def __enter__(self) -> Mosquitto:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGKILL)  # ten times as fast, and nothing is kept
