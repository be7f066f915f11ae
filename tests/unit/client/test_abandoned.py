"""Messages that nobody takes (contract 15)."""

from __future__ import annotations

from pathlib import Path

from holdfast.client.abandoned import Abandoned
from holdfast.client.inbox import Shared
from holdfast.protocol import Delivery
from tests.unit.client.consuming import Endpoint, delivery
from tests.unit.client.parked import Kept


def test_without_a_file_it_is_a_dead_letter() -> None:
    """Told, and acknowledged when the last who had it is done."""
    here, told = Endpoint(), list[str]()
    abandoned = Abandoned(
        here.dispatcher, here.state.dead_letters, lambda one, then: told.append(f"{one.topic}: {then}")
    )
    abandoned.give_up(delivery("a/1", "x"), None)
    abandoned.give_up(delivery("a/2", "y"), Shared(2))
    assert told == ["a/1: it is a dead letter", "a/2: it is a dead letter"]
    assert [(letter.topic, letter.handler) for letter in here.dead] == [
        ("a/1", "no handler or reader"),
        ("a/2", "no handler or reader"),
    ]
    assert here.payloads() == ["x"]


def test_qos_0_is_dropped() -> None:
    """Nobody was promised it."""
    here, told = Endpoint(), list[str]()
    abandoned = Abandoned(here.dispatcher, here.state.dead_letters, lambda one, then: told.append(then))
    abandoned.give_up(delivery("a/1", "x", 0), None)
    assert (told, here.dead, here.payloads()) == (["it was dropped"], [], ["x"])


async def test_with_a_file_it_is_kept_for_anybody(tmp_path: Path) -> None:
    """Acknowledged when that is durable, and told."""
    here, told = Kept(tmp_path / "kept.db"), list[tuple[Delivery, str]]()
    abandoned = Abandoned(
        here.dispatcher,
        Endpoint().state.dead_letters,
        lambda one, then: told.append((one, then)),
        here.parking,
    )
    message = delivery("a/1", "x")
    abandoned.give_up(message, None)
    assert here.acks == []
    await here.acknowledged("x")
    assert (here.rows(), told) == ([("", "x")], [(message, "it is kept in the outbox file")])
    here.close()


async def test_without_room_it_waits_once_more(tmp_path: Path) -> None:
    """The broker keeps it: it is not acknowledged, and nothing is told."""
    here, told = Kept(tmp_path / "kept.db", max_held_bytes=1024), list[str]()
    abandoned = Abandoned(
        here.dispatcher, Endpoint().state.dead_letters, lambda one, then: told.append(then), here.parking
    )
    assert abandoned.give_up(delivery("a/1", "x" * 1000), None)
    assert not abandoned.give_up(delivery("a/2", "y"), None)
    await here.acknowledged("x" * 1000)
    assert told == ["it is kept in the outbox file"]
    here.close()
