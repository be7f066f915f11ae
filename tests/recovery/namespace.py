"""A network and a resolver of our own, as Linux gives them to a child process without any right of ours.

In such a child the loopback drops every packet when told, and names are asked of ``Names``. Nothing of it is
seen outside, and all of it is real: the kernel's queue, the system's resolver, UDP.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType

ENTER = ("unshare", "--user", "--map-root-user", "--net", "--mount")
PROGRAMS = ("unshare", "ip", "tc", "mount", "mosquitto")
NAME = "broker.test"

_ADDRESS = bytes([127, 0, 0, 1])
_A = 1


def allowed() -> bool:
    """Whether this machine lets us have one."""
    return subprocess.run([*ENTER, "true"], capture_output=True).returncode == 0


def settle(folder: Path) -> None:
    """In the child: raise the loopback, and ask no other name server than ours."""
    _run("ip", "link", "set", "lo", "up")
    for name, text in (
        ("resolv.conf", "nameserver 127.0.0.1\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ):
        if Path("/etc", name).exists():
            own = folder / name
            own.write_text(text)
            _run("mount", "--bind", str(own), f"/etc/{name}")


def drop_packets() -> None:
    """A queue with no room: whatever is sent is gone, and the sender is not told."""
    _run("tc", "qdisc", "replace", "dev", "lo", "root", "pfifo", "limit", "0")


def pass_packets() -> None:
    """As before."""
    _run("tc", "qdisc", "del", "dev", "lo", "root")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


class Names:
    """A name server on 127.0.0.1 that knows one name, and may be silent or gone."""

    def __init__(self) -> None:
        self._silent = False
        self._socket: socket.socket | None = None

    def come(self) -> None:
        """Answer; if it was gone, listen."""
        self._silent = False
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind(("127.0.0.1", 53))
            threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def fall_silent(self) -> None:
        """Take queries and say nothing."""
        self._silent = True

    def go(self) -> None:
        """Nobody listens any more."""
        if self._socket is not None:
            with contextlib.suppress(OSError):  # not connected, it says; but it wakes up
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Names:
        self.come()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go()

    def _serve(self, sock: socket.socket) -> None:
        while True:
            try:
                query, asker = sock.recvfrom(512)
                if query and not self._silent:
                    sock.sendto(_answer(query), asker)
            except OSError:
                return


def _answer(query: bytes) -> bytes:
    """The address for a question of type A, and nothing for any other (RFC 1035 §4)."""
    end = query.index(0, 12) + 5
    question = query[12:end]
    has = int.from_bytes(query[end - 4 : end - 2]) == _A
    header = query[:2] + b"\x81\x80" + b"\0\1" + (b"\0\1" if has else b"\0\0") + b"\0\0\0\0"
    record = b"\xc0\x0c" + b"\0\1\0\1" + (0).to_bytes(4) + b"\0\4" + _ADDRESS
    return header + question + (record if has else b"")
