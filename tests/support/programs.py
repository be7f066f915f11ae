"""Proxies of others, as Debian packs them: tinyproxy for HTTP CONNECT, microsocks for SOCKS5."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from tests.support.leaks import SECRET
from tests.support.mosquitto import free_port

START_LIMIT_S = 10
USER = "gateway"


class ProxyProgram:
    """``with ProxyProgram("tinyproxy", folder) as proxy``: wants a login; keeps its port over restarts."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``proxy=``, with the login."""
        scheme = "http" if self.program == "tinyproxy" else "socks5"
        return f"{scheme}://{USER}:{SECRET}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it accepts connections."""
        with open(self._folder / "proxy.log", "ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT_S
        while not self._listens():
            assert self._process.poll() is None, (self._folder / "proxy.log").read_text()
            assert time.monotonic() < deadline, f"{self.program} does not listen"
            time.sleep(0.005)

    def stop(self) -> None:
        """End the process, and its connections with it."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(START_LIMIT_S)

    def _command(self) -> list[str]:
        program = shutil.which(self.program)
        assert program is not None, f"{self.program} is not installed"
        if self.program == "microsocks":
            return [program, "-i", "127.0.0.1", "-p", str(self.port), "-u", USER, "-P", SECRET]
        config = self._folder / "tinyproxy.conf"
        config.write_text(f"Port {self.port}\nListen 127.0.0.1\nTimeout 600\nBasicAuth {USER} {SECRET}\n")
        return [program, "-d", "-c", str(config)]

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def __enter__(self) -> ProxyProgram:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
