"""Changes of this machine's network, as Linux tells them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess

import pytest

from holdfast.testing import eventually
from holdfast.transport import network
from holdfast.transport.network import NetworkWatch

ADDRESS = "127.113.7.9/32"


def change() -> None:
    """An address comes to the loopback device, and goes."""
    for verb in ("add", "del"):
        done = subprocess.run(["ip", "addr", verb, ADDRESS, "dev", "lo"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no right to change an address here: {done.stderr.strip()}")


def open_files() -> int:
    """How many files this process has open, where the system says so."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@pytest.mark.needs("ip")
async def test_changes_are_told_and_a_flock_of_them_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first at once; what follows within a moment is the same news."""
    monkeypatch.setattr(network, "CALM_S", 0.05)
    told: list[int] = []
    watch = NetworkWatch(lambda: told.append(1))
    if not watch.works:
        pytest.skip("this machine does not tell of changes of its network")
    change()
    await eventually(lambda: told)
    assert len(told) == 1
    await eventually(lambda: watch._calm is None)
    change()
    await eventually(lambda: len(told) == 2)
    watch.close()
    change()
    await asyncio.sleep(0)
    assert len(told) == 2


async def test_where_nothing_is_told_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another system, or a sandbox that forbids it: no watch, and no file left open."""
    before = open_files()

    def forbidden(*_: object) -> None:
        raise PermissionError

    class Forbidden(socket.socket):
        bind = forbidden

    monkeypatch.setattr(socket, "socket", Forbidden)
    watch = NetworkWatch(lambda: None)
    assert not watch.works
    watch.close()
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    watch = NetworkWatch(lambda: None)
    assert not watch.works
    watch.close()
    assert open_files() == before
