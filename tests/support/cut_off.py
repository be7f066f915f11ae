"""Dials where there is no network: a program for a network namespace, with nothing on the other side.

    unshare --net --mount python -m tests.support.cut_off '{"NAME": ["URL", PROXY or null]}'

prints ``{"NAME": [class of the error's row, its sentence, our sentence, our hint]}``, and the same for
"files", "ports" and "aborted", which need no URL. Inside there are loopback, a route that is unreachable,
one that is prohibited, and a name server that answers by the first label of what it is asked for.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Thread

from holdfast.resilience import of_error
from holdfast.resilience.troubles import row_of
from holdfast.transport import parse_url
from tests.support.provoking import failure

NO_ROUTE, UNREACHABLE, PROHIBITED = "192.0.2.1", "198.51.100.1", "203.0.113.1"
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
ANSWERS = {"nxdomain": 3, "servfail": 2, "refused": 5, "nodata": 0}
"""RCODEs of RFC 1035 §4.1.1; to any other name there is no answer at all."""

Said = tuple[str, str, str, str | None]


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _settle_in() -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "route", "add", "unreachable", f"{UNREACHABLE}/32")
    _run("ip", "route", "add", "prohibit", f"{PROHIBITED}/32")
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    _run("mount", "--bind", file.name, "/etc/resolv.conf")
    Path(file.name).unlink()


def _name_server() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        Thread(target=_answer, args=(server.dup(),), daemon=True).start()


def _answer(server: socket.socket) -> None:
    """The question comes back, with a code and nothing else."""
    while True:
        question, who = server.recvfrom(512)
        label = question[13 : 13 + question[12]].decode()
        if label in ANSWERS:
            flags = (0x8180 | ANSWERS[label]).to_bytes(2, "big")
            server.sendto(question[:2] + flags + question[4:6] + bytes(6) + question[12:], who)


async def said(url: str, proxy: str | None) -> Said:
    """What the client would say about dialling there."""
    error = await failure(url, proxy=proxy, limit_s=10)
    row, verdict = row_of(error), of_error(error, parse_url(url).place)
    return row.kind, row.sentence, verdict.sentence, verdict.hint


def _leave_one_port() -> None:
    PORTS.write_text("40000 40000")


async def _no_ports() -> Said:
    """All ports of this machine are in use: here it has one."""
    _leave_one_port()
    with socket.create_server(("127.0.0.1", 1883)) as server, socket.create_connection(server.getsockname()):
        return await said("mqtt://127.0.0.1:1883", None)


async def _no_files() -> Said:
    """Nothing more can be opened: the last ones are spent on a socket that is not there yet."""
    await said("mqtt://127.0.0.1:9", None)  # what is loaded with the first attempt is loaded
    with socket.socket() as last:
        limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, hard))
        try:
            return await said("mqtt://127.0.0.1:9", None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


async def _aborted() -> Said | None:
    """An administrator ends our connection (``ss -K``); None: not on this kernel."""
    with socket.create_server(("127.0.0.1", 1884)):
        dialling = asyncio.create_task(said("mqtt://127.0.0.1:1884", None))
        for _ in range(100):
            await asyncio.sleep(0.02)
            end = await asyncio.create_subprocess_exec(
                *("ss", "-K", "dport", "=", "1884"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            await end.wait()
            if dialling.done():
                return dialling.result()
        dialling.cancel()
        return None


async def _all(wanted: dict[str, tuple[str, str | None]]) -> dict[str, Said | None]:
    found = {name: await said(url, proxy) for name, (url, proxy) in wanted.items()}
    return {**found, "files": await _no_files(), "aborted": await _aborted(), "ports": await _no_ports()}


if __name__ == "__main__":
    _settle_in()
    _name_server()
    print(json.dumps(asyncio.run(_all(json.loads(sys.argv[1])))))
