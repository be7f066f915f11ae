"""Marked messages on their way to a handler or reader."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator

import pytest

from holdfast import Client, Compression
from holdfast.client import calm
from holdfast.client.compression import compress
from holdfast.client.core import Core
from holdfast.client.decompressing import Decompressing
from holdfast.client.inbox import Item
from holdfast.messages import NO_PROPERTIES
from holdfast.protocol import Delivery
from holdfast.testing import eventually
from tests.unit.client.conftest import NOBODY

TEXT = b"21.5 " * 400
PACKED = compress(TEXT, "text/plain")[0]
MARKED = {"content_type": "text/plain+gzip", "user_property": (("a", "b"),)}


def item(payload: bytes = PACKED, content_type: str | None = "text/plain+gzip") -> Item:
    """One message as the dispatcher hands it on."""
    properties = {**MARKED, "content_type": content_type} if content_type else NO_PROPERTIES
    one = Delivery("plant/1", payload, 2, True, True, 7, properties)
    one.captures, one.arrived = {"line": "1"}, 12.5
    return one, one, 3, None


@pytest.fixture
async def opening(run: Core) -> AsyncIterator[Decompressing]:
    """It, for the run of a client."""
    one = Decompressing(Compression(max_bytes=1e6).max_bytes, run.state, run.here)  # type: ignore[arg-type]
    yield one
    one.close()


async def test_the_reader_gets_what_was_published(opening: Decompressing) -> None:
    """Payload and content type are the original; everything else is as it came."""
    message, _, index, shared = opening.open(item())
    assert (message.payload, message.content_type, index, shared) == (TEXT, "text/plain", 3, None)
    assert message.user_properties == (("a", "b"),)
    assert (message.topic, message.qos, message.retain, message.duplicate) == ("plant/1", 2, True, True)
    assert (message.captures, message.arrived, message.attempt) == ({"line": "1"}, 12.5, 1)


async def test_without_a_content_type_before_there_is_none_after(opening: Decompressing) -> None:
    """The property is gone, as if it had never been."""
    message = opening.open(item(*compress(TEXT, None)))[0]
    assert (message.payload, message.content_type) == (TEXT, None)
    assert "content_type" not in message.properties


async def test_the_delivery_stays_as_it_came(opening: Decompressing) -> None:
    """A repeat of the message is told by its content (contract 14)."""
    given = item()
    delivery = opening.open(given)[1]
    assert delivery is given[1]
    assert (delivery.payload, dict(delivery.properties)) == (PACKED, MARKED)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/gzip"])
async def test_what_is_not_marked_is_not_touched(opening: Decompressing, content_type: str | None) -> None:
    """A gzip file is what its publisher said it is."""
    given = item(PACKED, content_type)
    assert opening.open(given) is given


async def test_opened_once(opening: Decompressing) -> None:
    """What was put back comes again: a payload that somebody has compressed twice is opened once."""
    once = gzip.compress(TEXT, 0)
    opened = opening.open(item(gzip.compress(once), "text/plain+gzip+gzip"))
    assert (opened[0].payload, opened[0].content_type) == (once, "text/plain+gzip")
    assert opening.open(opened) is opened


async def test_what_cannot_be_opened_is_handed_over_and_told(client: Client, opening: Decompressing) -> None:
    """As it came, mark and all; the event has topic, size and reason, the sentence all of it."""
    events = client.events()
    given = item(PACKED[:-1])
    assert opening.open(given) is given
    event = await anext(events)
    while event.name != "not_decompressed":
        event = await anext(events)
    facts = event.__dict__
    assert (facts["topic"], facts["size"], facts["count"]) == ("plant/1", len(PACKED) - 1, 1)
    assert facts["reason"] == "its end is missing"
    for word in ("plant/1", f"{len(PACKED) - 1} bytes", "text/plain+gzip", "its end is missing"):
        assert word in event.message


async def test_a_flood_is_told_calmly(
    opening: Decompressing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any thread: the first at once, then together, each reason for itself."""
    monkeypatch.setattr(calm, "TOLD_EVERY_S", 0.05)

    def flood() -> None:
        for _ in range(100):
            opening.open(item(b"nonsense"))
            opening.open(item(b""))

    await asyncio.to_thread(flood)

    await eventually(lambda: sum(told(caplog)) == 200)
    assert len(told(caplog)) <= 6


def told(caplog: pytest.LogCaptureFixture) -> list[int]:
    """How many messages each line of the log speaks of."""
    lines = [one for one in caplog.records if "handed over compressed" in one.getMessage()]
    assert {one.levelno for one in lines} <= {logging.WARNING}
    return [int(one.getMessage().split()[0]) for one in lines]


async def test_nothing_is_left_untold_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """What the calm kept back is told when the client stops."""
    async with Client(NOBODY, version="5", compression=Compression(), drain_s=0) as client:
        assert client._core is not None
        async with client.subscribe("plant/1") as messages:
            for _ in range(3):
                delivery = item(b"nonsense")[1]
                client._core.telling.batch([delivery], [], [])
                assert (await anext(messages)).payload == b"nonsense"
            await eventually(lambda: told(caplog) == [1])
    assert told(caplog) == [1, 2]
