"""Changes of this machine's network, as Linux tells them."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from holdfast.testing import eventually
from holdfast.transport import network
from holdfast.transport.network import NetworkWatch
from tests.support.namespace import alone, ip


def open_files() -> int:
    """How many files this process has open, where the system says so."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@pytest.mark.needs("ip")
@pytest.mark.parametrize(
    "change",
    [
        ("link", "set", "lo", "up"),
        ("addr", "add", "192.0.2.1/32", "dev", "lo"),
        ("addr", "add", "2001:db8::1/128", "dev", "lo"),
    ],
)
def test_each_kind_of_change_is_told(change: tuple[str, ...]) -> None:
    """A link that comes up, an address of either version that appears."""

    async def main() -> None:
        told: list[int] = []
        watch = NetworkWatch(lambda: told.append(1))
        await asyncio.sleep(0)
        assert told == []
        ip(*change)
        await eventually(lambda: told)
        watch.close()

    alone(main)


@pytest.mark.needs("ip")
def test_a_flock_of_changes_is_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first at once, and the last one is never missed; what is between is the same news."""
    monkeypatch.setattr(network, "CALM_S", 0.2)

    async def main() -> None:
        told: list[int] = []
        watch = NetworkWatch(lambda: told.append(1))
        for number in range(20):
            ip("addr", "add", f"192.0.2.{number}/32", "dev", "lo")
            await asyncio.sleep(0)
        await eventually(lambda: watch._calm is None)
        assert 2 <= len(told) <= 4  # twenty calls of ip may take longer than a moment
        before = len(told)
        ip("link", "set", "lo", "up")
        await eventually(lambda: len(told) > before)
        watch.close()

    alone(main)


@pytest.mark.needs("ip")
def test_nothing_is_told_behind_close() -> None:
    """Nor is a file left open."""

    async def main() -> None:
        before = open_files()
        told: list[int] = []
        watch = NetworkWatch(lambda: told.append(1))
        assert watch.works
        ip("link", "set", "lo", "up")
        watch.close()
        watch.close()
        await asyncio.sleep(0)
        assert told == []
        assert open_files() == before

    alone(main)


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
