"""A real mosquitto of one's own: a free port, a directory, and a process that is ended by its id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Literal

from holdfast import TLS
from tests.support.certificates import Certificates

START_LIMIT_S = 10

Transport = Literal["tcp", "tls", "ws", "wss", "unix"]

_SCHEMES: dict[Transport, str] = {"tcp": "mqtt", "tls": "mqtts", "ws": "ws", "wss": "wss"}


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Mosquitto:
    """``with Mosquitto(directory) as broker``: listens at ``broker.url``, the same over restarts."""

    def __init__(
        self,
        directory: Path,
        *lines: str,
        port: int = 0,
        anonymous: bool = True,
        transport: Transport = "tcp",
        certificates: Certificates | None = None,
    ) -> None:
        """``lines`` are added to its configuration; ``certificates`` are for tls and wss."""
        self.port = port or free_port()
        self.transport = transport
        # A socket's path must be short, which pytest's folders are not.
        self._folder = tempfile.TemporaryDirectory(prefix="mq") if transport == "unix" else None
        self.socket = f"{self._folder.name}/mqtt.sock" if self._folder else None
        self.tls = TLS(ca_file=certificates.ca.file) if certificates else None
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._config = directory / "mosquitto.conf"
        own = [
            # With WebSocket listeners alone mosquitto 2.0.11 ends at once.
            *([f"listener {free_port()} 127.0.0.1"] if transport in ("ws", "wss") else []),
            f"listener 0 {self.socket}" if self.socket else f"listener {self.port} 127.0.0.1",
            *(["protocol websockets"] if transport in ("ws", "wss") else []),
            *_certified(certificates),
            f"allow_anonymous {str(anonymous).lower()}",
            "set_tcp_nodelay true",
        ]
        if os.geteuid() == 0:
            own.append("user root")
        self._config.write_text("\n".join([*own, *lines]) + "\n")

    @property
    def url(self) -> str:
        """What a client dials."""
        return (
            f"unix://{self.socket}" if self.socket else f"{_SCHEMES[self.transport]}://127.0.0.1:{self.port}"
        )

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
        family, place = (
            (socket.AF_UNIX, self.socket) if self.socket else (socket.AF_INET, ("127.0.0.1", self.port))
        )
        with contextlib.suppress(OSError), socket.socket(family) as sock:
            sock.settimeout(1)
            sock.connect(place)
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process and wait for it; SIGTERM lets it save, SIGKILL does not."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
            try:
                process.wait(START_LIMIT_S)
            except subprocess.TimeoutExpired:  # mosquitto with WebSockets may hang at its end
                process.kill()
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
        if self._folder is not None:
            self._folder.cleanup()


def _certified(certificates: Certificates | None) -> list[str]:
    if certificates is None:
        return []
    server = certificates.server
    return [f"certfile {server.cert}", f"keyfile {server.key}", f"cafile {certificates.ca.file}"]
