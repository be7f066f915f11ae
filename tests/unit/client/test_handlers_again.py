"""The task of one handler: what it is given again, and what becomes a dead letter."""

from __future__ import annotations

import asyncio

import pytest

from holdfast import Message, Reject, Retries, Retry
from holdfast.testing import eventually
from tests.unit.client.consuming import Slow, given_up_in_its_pause
from tests.unit.client.test_handlers import Running


async def test_a_retry_waits_at_its_place() -> None:
    """Total order: the others wait behind a message that is handled again, and it knows its attempt."""
    got: list[tuple[str, int]] = []

    async def handle(message: Message) -> None:
        got.append((message.text(), message.attempt))
        if message.text() == "2" and message.attempt < 4:
            raise Retry(delay_s=0.001) if message.attempt % 2 else ValueError

    running = Running(handle, retries=Retries(first_delay_s=0.001))
    running.send("1", "2", "3")
    await eventually(lambda: len(running.acks) == 3)
    assert got == [("1", 1), ("2", 1), ("2", 2), ("2", 3), ("2", 4), ("3", 1)]
    assert running.payloads() == ["1", "2", "3"]
    assert [failure.attempt for failure in running.failures] == [1, 2, 3]
    assert running.dead == []
    await running.stop()


async def test_rejected_and_given_up() -> None:
    """Reject is a dead letter at the first attempt, an error at the last; both are acknowledged then."""
    got: list[str] = []

    async def handle(payload: str) -> None:
        got.append(payload)
        if payload == "odd":
            raise Reject("not a measurement")
        if payload == "hard":
            raise ValueError(7)

    running = Running(handle, retries=Retries(3, first_delay_s=0))
    running.send("odd", "hard", "fine")
    await eventually(lambda: len(running.acks) == 3)
    assert got == ["odd", "hard", "hard", "hard", "fine"]
    assert [(letter.reason, letter.attempts) for letter in running.dead] == [
        ("not a measurement", 1),
        ("after 3 attempts: ValueError: 7", 3),
    ]
    await running.stop()


async def test_a_deadline_counts_as_an_attempt() -> None:
    """Though TimeoutError is an OSError, which is waited out for ever; one of the handler's own is."""
    attempts = 0

    async def handle(payload: str) -> None:
        nonlocal attempts
        attempts += 1
        if payload == "late":
            await asyncio.Event().wait()
        elif attempts < 8:
            raise TimeoutError("of the database")

    running = Running(handle, retries=Retries(2, first_delay_s=0), timeout_s=0.01)
    running.send("late", "away")
    await eventually(lambda: len(running.acks) == 2)
    assert attempts == 8
    assert [letter.reason for letter in running.dead] == [
        "after 2 attempts: the handler took longer than timeout_s=0.01"
    ]
    await running.stop()


@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_the_end_comes_over_a_retry_that_waits(how: str) -> None:
    """Not acknowledged: it is back in the inbox, before the others, for the session or the next consumer."""

    async def handle(payload: str) -> None:
        raise ValueError

    running = Running(handle, retries=Retries(first_delay_s=60))
    running.send("1", "2")
    await eventually(lambda: running.failures)
    if how == "close":
        running.task.consumer.inbox.close()
        await eventually(lambda: running.ended)
    else:
        await running.stop()
    assert running.acks == []
    assert [item[0].text() for item in running.task.consumer.inbox.items] == ["1", "2"]


async def test_cancelled_in_a_later_attempt() -> None:
    """As in the first: not acknowledged, and back in the inbox."""
    again = asyncio.Event()

    async def handle(message: Message) -> None:
        if message.attempt == 1:
            raise ValueError
        again.set()
        await asyncio.Event().wait()

    running = Running(handle, retries=Retries(first_delay_s=0))
    running.send("1")
    await again.wait()
    await running.stop()
    assert running.acks == []
    assert [item[0].text() for item in running.task.consumer.inbox.items] == ["1"]


async def test_given_up_while_it_waits_for_its_retry() -> None:
    """It is acknowledged and not handled again, and the next has its turn (contract 13)."""
    slow = Slow()
    running = Running(slow.handle_here)
    await given_up_in_its_pause(running, slow)
    await running.stop()
