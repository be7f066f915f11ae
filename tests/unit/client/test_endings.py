"""What follows from a run of a handler that raised."""

from __future__ import annotations

from typing import Any

from holdfast import Message, Reject, Retries
from holdfast.client.endings import here, is_end
from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.errors import Stopped
from holdfast.handling import Again, Handler, Router
from tests.unit.client.consuming import Endpoint, delivery


async def handle(message: Message) -> None:
    """Nothing."""


def handler(**work: Any) -> Handler:
    """One that is worked so."""
    router = Router()
    router.on("t", **work)(handle)
    return router.handlers[0]


def test_again_is_told_with_its_delay() -> None:
    """It is for the caller to wait; nothing is acknowledged, nothing is dead."""
    there, message = Endpoint(), delivery("t", "1")
    again = there.endings.after(handler(), (message, message, 0, None), ValueError(), 0, 100.0, here)
    assert again == Again(101.0, 1)
    assert [(failure.attempt, failure.retry_in_s) for failure in there.failures] == [(1, 1.0)]
    assert (there.acks, there.dead) == ([], [])


def test_a_dead_letter_is_acknowledged_behind_it() -> None:
    """It counts as a failure whose last attempt this was."""
    there, message = Endpoint(), delivery("t", "1")
    assert there.endings.after(handler(), (message, message, 0, None), Reject("no"), 0, 0.0, here) is None
    assert [failure.retry_in_s for failure in there.failures] == [None]
    assert [letter.reason for letter in there.dead] == ["no"]
    assert there.acks == [message]


def test_of_several_handlers_each_has_its_own_end() -> None:
    """Acknowledged when the last has one: a dead letter of one is the end of that one alone."""
    there, message, shared = Endpoint(), delivery("t", "1"), Shared(2)
    item: Item = (message, message, 0, shared)
    there.endings.after(handler(retries=Retries(1)), item, ValueError(), 0, 0.0, here)
    assert there.acks == []
    there.endings.finish(message, shared)
    assert there.acks == [message]


def test_a_copy_that_is_tried_again_counts_for_its_delivery() -> None:
    """Who looks for what is late sees the delivery alone (contract 13); what is no copy counts by itself."""
    there, message, shared = Endpoint(), delivery("t", "1"), Shared(2)
    copy = Message("t", b"1", attempt=3)
    there.endings.after(handler(), (copy, message, 0, shared), ValueError(), 0, 0.0, here)
    assert message.attempt == 4
    there.endings.after(handler(), (Message("t", b"1"), message, 0, shared), ValueError(), 0, 0.0, here)
    assert message.attempt == 4
    own = delivery("t", "2")
    there.endings.after(handler(), (own, own, 0, None), ValueError(), 0, 0.0, here)
    assert own.attempt == 1


def test_given_up_is_over() -> None:
    """It ends here, acknowledged and without a word of a failure; what was not given up goes on."""
    there, message = Endpoint(), delivery("t", "1")
    item: Item = (message, message, 0, None)
    assert not there.endings.is_over(item, here)
    there.endings.given_up = lambda _: True
    assert there.endings.after(handler(), item, ValueError(), 0, 0.0, here) is None
    assert there.endings.is_over(item, here)
    assert (there.failures, there.dead, there.acks) == ([], [], [message, message])


def test_told_on_the_loop() -> None:
    """From a thread everything but the decision is posted."""
    there, message, posted = Endpoint(), delivery("t", "1"), list[Any]()
    there.endings.after(
        handler(), (message, message, 0, None), Reject("no"), 0, 0.0, lambda *call: posted.append(call)
    )
    assert (there.failures, there.dead, there.acks) == ([], [], [])
    for call, *arguments in posted:
        call(*arguments)
    assert there.acks == [message]


def test_the_end_of_the_client_is_no_failure() -> None:
    """Stopped, when it takes no more; while it does, it is an error like others."""
    inbox = Inbox(1)
    assert not is_end(Stopped("stopping"), inbox)
    inbox.close()
    assert is_end(Stopped("stopping"), inbox)
    assert not is_end(ValueError(), inbox)
