"""The way in: what is checked at the door, and when there is room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.client.content import ABSENT
from holdfast.client.publisher import Publisher
from holdfast.client.receipts import Receipts
from holdfast.client.waiting import Signal
from holdfast.errors import ConfigurationError, OutboxError, OutboxFull, PayloadError, Stopped, TooLarge
from holdfast.outbox.memory import MemoryOutbox
from holdfast.protocol import Settled, Terms
from holdfast.testing.manual_clock import ManualClock


def publisher(max_bytes: int = 1 << 20) -> Publisher:
    """One that accepts."""
    made = Publisher(
        MemoryOutbox(ManualClock(), max_bytes=max_bytes), Receipts(), ManualClock(now=100), Signal()
    )
    made.stopped = None
    return made


def row(to: Publisher, topic: str = "t", payload: Any = b"x", **options: Any) -> Any:
    """One row, as ``publish`` makes it."""
    given = {
        "json": ABSENT,
        "qos": 1,
        "retain": False,
        "expiry_s": None,
        "priority": None,
        "content_type": None,
        "user_properties": (),
        **options,
    }
    return to.row(topic, payload, **given)


def test_rows() -> None:
    """A row carries what was asked for; the expiry is a moment on our clock."""
    made = row(
        publisher(), "a/b", "é", qos=2, retain=True, expiry_s=5, content_type="t", user_properties={"a": "b"}
    )
    assert (made.topic, made.payload, made.qos, made.retain) == ("a/b", "é".encode(), 2, True)
    assert made.expires_at == 105
    assert dict(made.properties) == {"content_type": "t", "user_property": (("a", "b"),)}
    assert row(publisher(), payload=ABSENT).payload == b""


@pytest.mark.parametrize("value", [{"a": [1, None]}, [], "text", None, 1.5])
def test_json(value: object) -> None:
    """json= takes what JSON can hold, compact and in UTF-8."""
    assert b" " not in row(publisher(), payload=ABSENT, json=value).payload


@pytest.mark.parametrize("value", [object(), float("nan"), {1: {2, 3}}, "\ud800"])
def test_what_json_cannot_hold(value: object) -> None:
    """PayloadError, with the reason."""
    with pytest.raises(PayloadError):
        row(publisher(), payload=ABSENT, json=value)


def test_payload_and_json_exclude_each_other() -> None:
    """Both is a mistake of the program."""
    with pytest.raises(TypeError):
        row(publisher(), payload=b"x", json=1)


@pytest.mark.parametrize(
    "options",
    [
        {"topic": ""},
        {"topic": "a/+"},
        {"topic": "a\0"},
        {"qos": 3},
        {"expiry_s": 0},
        {"expiry_s": float("nan")},
        {"expiry_s": float("inf")},
        {"content_type": "\0"},
        {"content_type": "\ud800"},
        {"user_properties": [("a", "x" * 65_536)]},
    ],
)
def test_refused_at_the_door(options: dict[str, Any]) -> None:
    """What could never be sent would block all behind it: ConfigurationError before it is accepted."""
    with pytest.raises(ConfigurationError):
        row(publisher(), **options)


def test_topics_are_checked_however_many_there_are() -> None:
    """The memory of topics already checked is bounded, and forgets none of the rules."""
    to = publisher()
    for number in range(5000):
        row(to, f"t/{number}")
    assert len(to._rules.known) <= 4096
    row(to, "long/" + "x" * 60_000)
    assert max(map(len, to._rules.known)) <= 512
    with pytest.raises(ConfigurationError):
        row(to, "t/#")


def test_size_at_accept() -> None:
    """The broker's limit counts with topic and properties (contract 10); without one, MQTT's own."""
    to = publisher()
    row(to, payload=b"x" * 2000)
    to.agreed(Terms(5, "c", False, 0, 60, max_packet_bytes=100))
    row(to, payload=b"x" * 90)
    for options in ({"payload": b"x" * 100}, {"payload": b"x" * 90, "content_type": "text/plain"}):
        with pytest.raises(TooLarge):
            row(to, **options)
    with pytest.raises(TooLarge):
        to.rows([("t", b"x" * 10), ("t", b"x" * 100)], 1, False, None, None)


async def test_accepted_in_order_with_rising_numbers() -> None:
    """Numbers rise in accept order; a group takes as many as it has messages."""
    to = publisher()
    woken: list[int] = []
    to.wake = lambda: woken.append(1)
    receipts = [to.take([row(to)]), to.take([row(to), row(to)]), to.take([row(to)])]
    assert [one.id for one in receipts if one] == [1, 2, 4]
    assert len(woken) == 3


def test_calls_of_one_turn_are_taken_together() -> None:
    """Numbered in their order, each with its receipt, in one commit; none where there is no room for all."""
    to = publisher(max_bytes=1000)
    calls = [[row(to)], [row(to), row(to)], [row(to)]]
    receipts = to.take_all(calls)
    assert receipts is not None
    assert [one.id for one in receipts] == [1, 2, 4]
    assert {one.commit for one in receipts} == {0}
    assert [one.seq for call in calls for one in call] == [1, 2, 3, 4]
    assert to.take_all([[row(to)], [row(to, payload=b"x" * 1000)]]) is None
    assert to.take_all([[row(to, payload=b"x" * 1000)]]) is None
    to.close("the client was stopped")
    with pytest.raises(Stopped, match="was stopped"):
        to.take_all([[row(to)]])


async def test_waits_for_room_until_time_runs_out() -> None:
    """No room: at once OutboxFull for nowait, after the timeout for publish; room lets the waiting in."""
    to = publisher(max_bytes=1000)
    first = to.take_now([row(to, payload=b"x" * 700)])
    second = [row(to, payload=b"x" * 700)]
    with pytest.raises(OutboxFull) as full:
        to.take_now(second)
    assert full.value.limit == 1000
    with pytest.raises(OutboxFull):
        await to.wait_and_take(second, 0.001)
    waiting = asyncio.create_task(to.wait_and_take(second, 5))
    await asyncio.sleep(0)
    to._outbox.write([Settled(to._outbox.take(1), "acknowledged")])
    assert first.id == 1
    to.room.notify()
    assert (await waiting).id == 2


async def test_closed_while_waiting() -> None:
    """Who waits for room is told that the client ends; before the start nothing is accepted."""
    to = publisher(max_bytes=1000)
    to.take_now([row(to, payload=b"x" * 700)])
    waiting = asyncio.create_task(to.wait_and_take([row(to, payload=b"x" * 700)], 5))
    await asyncio.sleep(0)
    to.close("the client was stopped")
    with pytest.raises(Stopped, match="was stopped"):
        await waiting
    with pytest.raises(Stopped):
        to.take([row(to)])
    with pytest.raises(Stopped, match="not started"):
        Publisher(MemoryOutbox(ManualClock()), Receipts(), ManualClock(), Signal()).take([row(to)])


def test_a_copy_in_a_child_accepts_nothing() -> None:
    """It says whose it is, and waits for no lock that was held when the process forked."""
    copy = publisher()
    copy._lock.acquire()
    copy.forked(OutboxError("it belongs to process 7", path="x.db"))
    with pytest.raises(OutboxError, match="process 7"):
        copy.take([row(copy)])
