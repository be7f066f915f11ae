"""Names are looked up on threads of ours, which keep nobody else waiting."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from holdfast.testing import eventually
from holdfast.transport.resolving import JOIN_S, resolve

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1883))]


class Resolver:
    """The system's, which answers when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.error: OSError | None = None
        monkeypatch.setattr(socket, "getaddrinfo", self._ask)

    def _ask(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        self.answers.wait(10)
        if self.error is not None:
            raise self.error
        return FOUND


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """One, and none of its threads is left."""
    resolver = Resolver(monkeypatch)
    yield resolver
    resolver.answers.set()
    for thread in threading.enumerate():
        if thread.name == "holdfast lookup":
            thread.join(5)


async def test_a_name_becomes_its_addresses() -> None:
    """The system's resolver is asked, and streams are what is wanted."""
    found = await resolve("localhost", 1883)
    assert ("127.0.0.1", 1883) in [place for _, kind, _, _, place in found if kind == socket.SOCK_STREAM]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_needs_no_thread(host: str) -> None:
    """It is one already."""
    before = threading.active_count()
    [(_, _, _, _, place)] = await resolve(host, 1883)
    assert place[:2] == (host, 1883)
    assert threading.active_count() == before


async def test_silence_keeps_no_thread_of_the_program(resolver: Resolver) -> None:
    """However many wait for a name, what the program gives to its threads runs at once."""
    waiting = [asyncio.create_task(resolve(f"host-{number}.example", 1)) for number in range(50)]
    await eventually(lambda: len(resolver.asked) == 50)
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(len, "abc") == 3
    resolver.answers.set()
    assert await asyncio.gather(*waiting) == [FOUND] * 50


async def test_who_asks_at_the_same_time_waits_for_the_same_answer(resolver: Resolver) -> None:
    """Hundred clients of one broker are one question, and one that gives up takes it from nobody."""
    waiting = [asyncio.create_task(resolve("crowd.example", 1)) for _ in range(100)]
    await eventually(lambda: resolver.asked)
    waiting.pop().cancel()
    resolver.answers.set()
    assert await asyncio.gather(*waiting) == [FOUND] * 99
    assert resolver.asked == ["crowd.example"]


async def test_who_asks_later_asks_anew(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first question may have been lost with the network: a new one is not held up by it."""
    now = [100.0]
    monkeypatch.setattr("holdfast.transport.resolving.monotonic", lambda: now[0])
    first = asyncio.create_task(resolve("later.example", 1))
    await eventually(lambda: len(resolver.asked) == 1)
    now[0] += JOIN_S
    second = asyncio.create_task(resolve("later.example", 1))
    await eventually(lambda: len(resolver.asked) == 2)
    resolver.answers.set()
    assert (await first, await second) == (FOUND, FOUND)


async def test_nothing_is_remembered(resolver: Resolver) -> None:
    """An answer is for those who waited: the next attempt may find the broker somewhere else."""
    resolver.answers.set()
    await resolve("moved.example", 1)
    await resolve("moved.example", 1)
    assert resolver.asked == ["moved.example"] * 2


async def test_what_the_resolver_says_is_raised(resolver: Resolver) -> None:
    """Its own error, number and words included."""
    resolver.error = socket.gaierror(socket.EAI_NONAME, "not known")
    resolver.answers.set()
    with pytest.raises(socket.gaierror, match="not known"):
        await resolve("nowhere.example", 1)


async def test_an_attempt_that_ends_does_not_wait_for_the_resolver(resolver: Resolver) -> None:
    """Cancelled, it is over at once, although its thread is not."""
    attempt = asyncio.create_task(resolve("silent.example", 1))
    await eventually(lambda: resolver.asked)
    attempt.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([attempt])
    assert attempt.cancelled()
