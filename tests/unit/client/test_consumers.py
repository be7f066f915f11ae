"""Who takes messages, looked at without a broker."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from holdfast import Client
from holdfast.client import consumers
from holdfast.client.core import Core
from holdfast.errors import ConfigurationError
from holdfast.protocol import NotGranted, Unsubscribed
from holdfast.testing import eventually
from tests.unit.client.consuming import delivery


async def test_an_idle_subscription_does_not_freeze_the_others(
    client: Client, run: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entered and never read: after unclaimed_s its messages are told, and acknowledged (contract 15)."""
    monkeypatch.setattr(consumers, "IDLE_LOOK_S", 0.01)
    events = client.events()
    async with client.subscribe("idle") as idle, client.subscribe("busy") as busy:
        run.telling.batch([delivery("idle", "1"), delivery("busy", "2")], [], [])
        assert (await anext(busy)).text() == "2"
        await eventually(lambda: client.snapshot().handled == 1)
        assert not idle.consumer.inbox.items
        assert busy.in_hand
    names = []
    while "unclaimed" not in names:
        names.append((await anext(events)).name)


async def test_who_reads_is_known(client: Client, run: Core) -> None:
    """A subscription's messages have a limit of their own; those of handlers do not (contract 13, 15)."""
    client.on("a")(_ignore)
    async with client.subscribe("a", "b"):
        takers = run.dispatcher.takers(delivery("a"))
        assert [consumer.reads for consumer, _ in takers] == [False, True]


async def test_a_reader_that_leaves_undone_wants_what_comes_late(client: Client, run: Core) -> None:
    """Also of filters that were given up beneath it: what it did not read is not acknowledged."""
    subscription = client.subscribe("a")
    await subscription.__aenter__()
    run.consumers.unsubscribe(["a"])
    await subscription.__aexit__(ZeroDivisionError, None, None)
    run.telling.batch([delivery("a", "late")], [], [])
    assert client.snapshot().handled == 0


async def test_a_handler_that_is_refused_leaves_nothing_behind(
    client: Client, run: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No place in the file and no watch: the next handler of the filter is the first of its name."""
    began: list[str] = []
    parking = SimpleNamespace(shelve=lambda *_: began.append("shelf"))
    monkeypatch.setattr(run.consumers, "parking", parking)
    async with client.subscribe("a", no_local=True):
        with pytest.raises(ConfigurationError):
            client.on("a", expect_every_s=60)(_ignore)
    assert (began, run.sources._watched, run.consumers._handlers) == ([], [], [])
    client.on("a", expect_every_s=60)(_ignore)
    assert began == ["shelf"]
    assert len(run.sources._watched) == 1


async def _ignore() -> None:
    """A handler."""


async def test_every_unsubscribe_is_counted_until_it_is_answered(run: Core) -> None:
    """Asked twice for one filter, it is gone after the second answer; the others are not touched."""
    run.consumers.unsubscribe(["a", "b"])
    run.consumers.unsubscribe(["a"])
    left = []
    for filter in ("a", "b", "a"):
        run.telling.batch([], [], [Unsubscribed(filter, 0)])
        left.append(dict(run.consumers.unsubscribing))
    assert left == [{"a": 1, "b": 1}, {"a": 1}, {}]


async def test_what_was_refused_is_asked_for_again(
    client: Client, run: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two refusals make one question, after REFUSED_AGAIN_S."""
    monkeypatch.setattr(consumers, "REFUSED_AGAIN_S", 0.01)
    async with client.subscribe("a"), client.subscribe("b"):
        asked: list[list[str]] = []
        monkeypatch.setattr(
            run.engine, "subscribe", lambda intents: asked.append([one.filter for one in intents])
        )
        run.telling.batch([], [], [NotGranted("a", 0x87), NotGranted("b", 0x87)])
        await eventually(lambda: asked)
        assert asked == [["a", "b"]]
