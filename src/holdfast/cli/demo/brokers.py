"""The broker of the demo as a process that can be stopped, frozen and killed.

mosquitto where it is installed, with its sessions saved to disk; else the broker of
``holdfast.testing`` in a process of its own.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from holdfast.errors import HoldfastError

START_WITHIN_S = 10.0
POLL_S = 0.02

WINDOW = 1000
"""``receive_maximum`` of every client here."""


class BrokerProcess:
    """One broker on a free loopback port, its state in ``folder``."""

    def __init__(self, name: str, command: list[str], port: int, folder: Path) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._log = folder / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._process = self._spawn()
        deadline = asyncio.get_running_loop().time() + START_WITHIN_S
        while not await _listens(self.port):
            if self._process.poll() is not None or asyncio.get_running_loop().time() > deadline:
                raise HoldfastError(f"{self.name} did not start", hint=f"see {self._log}")
            await asyncio.sleep(POLL_S)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # A session of its own, so that Ctrl-C ends the demo first and the broker after it.
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)

    async def terminate(self) -> None:
        """SIGTERM: it saves what it keeps."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: it saves nothing."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: its sockets stay open, it does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(process.wait)


def choose(folder: Path, *, own: bool = False) -> BrokerProcess:
    """mosquitto if it is here and not our ``own`` is wanted, else the built-in broker."""
    port = free_port()
    program = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if own or program is None:
        return built_in(folder, port)
    return mosquitto(program, folder, port)


def mosquitto(program: str, folder: Path, port: int) -> BrokerProcess:
    """mosquitto, which saves its sessions at every few changes and when it is told to end.

    Its window must be its clients' receive maximum. When it reads its file it does not know that
    yet and goes by its own: with less, what does not fit is published once more, completed or not,
    or refused with 0x97; with more, it sends more than the client asked for.
    """
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\n"
        "allow_anonymous true\n"
        f"user {getpass.getuser()}\n"  # as root it would become another user and lose its folder
        "persistence true\n"
        f"persistence_location {folder}{os.sep}\n"
        "autosave_on_changes true\n"
        "autosave_interval 100\n"
        f"max_inflight_messages {WINDOW}\n"
        "max_queued_messages 0\n"  # by default it drops what is above 1,000 without a word
    )
    said = subprocess.run([program, "-h"], capture_output=True, text=True).stdout.split()
    return BrokerProcess(
        f"mosquitto {said[2] if len(said) > 2 else ''}".strip(), [program, "-c", str(config)], port, folder
    )


def built_in(folder: Path, port: int) -> BrokerProcess:
    """The broker of ``holdfast.testing``, which syncs its state before every acknowledgement."""
    command = [sys.executable, "-m", "holdfast.testing.broker", "--port", str(port)]
    command += ["--persist", "fsync", "--path", str(folder / "broker.state")]
    return BrokerProcess("the built-in holdfast.testing.Broker", command, port, folder)


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
