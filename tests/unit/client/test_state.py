"""What is known about the link, and how loudly it is said."""

from __future__ import annotations

import logging

import pytest

from holdfast import Reject, Retry
from holdfast.client.brokers import Target
from holdfast.client.lifecycle import Step
from holdfast.client.state import State
from holdfast.errors import HoldfastError
from holdfast.messages import Message
from holdfast.protocol import Terms
from holdfast.resilience import Verdict

REFUSED = Verdict("refused", "host:1 refused the connection", "Is it there?")
TARGET = Target("host:1", "mqtt://host:1")
TERMS = Terms(5, "c", True, 3600, 60)


def status(state: State) -> str:
    """How it looks from outside."""
    return state.status.value


def breaker(state: State) -> tuple[str, str | None]:
    """How the circuit breaker stands, and why."""
    down = state.down
    return state.breaker, down.cause if down else None


def levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    """The levels of the log lines so far."""
    return [record.levelno for record in caplog.records if record.levelno > logging.DEBUG]


def test_from_dialling_to_connected_and_back() -> None:
    """The states in order, counters and the reason for having no connection."""
    state = State(TARGET)
    assert "has not answered yet" in state.reason
    state.dialling(TARGET)
    assert status(state) == "connecting"
    state.connected(TERMS)
    assert (status(state), state.connections, state.verdict) == ("connected", 1, None)
    state.disconnected(REFUSED)
    assert (status(state), state.terms, state.connected_since) == ("reconnecting", None, None)
    assert state.disconnections == {"refused": 1}
    assert state.reason == str(REFUSED)
    state.dialling(TARGET)
    assert status(state) == "reconnecting"


def test_the_breaker_follows_the_link() -> None:
    """Three failures open it, an attempt makes it half open, CONNACK closes it; it says why it is open."""
    state = State(TARGET)
    for _ in range(3):
        assert breaker(state) == ("closed", None)
        state.dialling(TARGET)
        state.attempt_failed(REFUSED, 1.0)
    assert breaker(state) == ("open", "refused")
    assert str(state.down) == REFUSED.sentence
    state.dialling(TARGET)
    assert breaker(state) == ("half_open", "refused")
    state.connected(TERMS)
    assert breaker(state) == ("closed", None)
    state.probe.status = "missed"
    assert breaker(state) == ("open", "probe")


async def test_a_cause_is_said_once_until_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    """100 refused attempts are one WARNING; another cause is another; giving up is an ERROR."""
    caplog.set_level(logging.DEBUG, "holdfast")
    state = State(TARGET)
    reader = state.bus.read()
    for _ in range(100):
        state.dialling(TARGET)
        state.attempt_failed(REFUSED, 1.0)
    assert levels(caplog) == [logging.WARNING]
    state.attempt_failed(Verdict("timeout", "no answer"), 1.0)
    assert levels(caplog) == [logging.WARNING] * 2
    state.attempt_failed(REFUSED, None)
    assert levels(caplog) == [logging.WARNING, logging.WARNING, logging.ERROR]
    assert status(state) == "failed"
    assert "after 102 attempts" in caplog.text
    assert (await anext(reader)).name == "connect_failed"


def test_while_draining_it_is_draining_to_the_outside() -> None:
    """A link that comes or goes during stop() does not change what the outside sees, nor the counters."""
    state = State(TARGET)
    state.draining = True
    state.move(Step.STOP)
    state.dialling(TARGET)
    state.connected(TERMS)
    assert status(state) == "draining"
    state.disconnected(REFUSED)
    assert status(state) == "draining"
    assert not state.disconnections
    state.move(Step.END)
    assert status(state) == "disconnected"


async def test_failures_are_events_and_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    """A failed message warns, and so does a handler that raised, without the payload."""
    state = State(TARGET)
    reader = state.bus.read()
    state.message_failed(7, HoldfastError("refused"))
    message = Message("t", b"secret payload")
    state.handler_failed("handler h", message, 1, RuntimeError("boom"), 2.5)
    assert [(await anext(reader)).name, (await anext(reader)).name] == ["message_failed", "handler_failed"]
    assert levels(caplog) == [logging.WARNING, logging.WARNING]
    assert "secret payload" not in caplog.text
    said = "handler h: attempt 1 for a message on t failed: RuntimeError('boom'); again in 2.5 s"
    assert said in caplog.text
    assert state.errors == 1


@pytest.mark.parametrize(
    ("error", "attempt", "shown"),
    [(ValueError(), 1, True), (ValueError(), 2, False), (Reject("no"), 1, False), (Retry(), 1, False)],
)
def test_where_a_handler_raised_is_shown_once(
    error: Exception, attempt: int, shown: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback is there for the first attempt, and not for what was raised on purpose."""
    State(TARGET).handler_failed("handler h", Message("t", b""), attempt, error, None)
    assert [record.exc_info is not None for record in caplog.records] == [shown]


BACKUP = Target("backup:1", "mqtt://backup:1", 1)


def test_over_to_a_backup_and_back(caplog: pytest.LogCaptureFixture) -> None:
    """Each is told once, with the broker, the reason and what was in flight."""
    caplog.set_level(logging.INFO, "holdfast")
    state = State(TARGET)
    state.dialling(TARGET)
    state.connected(TERMS)
    state.disconnected(REFUSED)
    state.dialling(BACKUP)
    state.broker_changed(5, 2, "of them may arrive twice")
    state.connected(TERMS)
    assert state.target.broker == "mqtt://backup:1"
    said = "failed over to backup:1 (host:1 refused the connection): 5 messages in flight go out there, 2 of"
    assert said in caplog.text
    state.dialling(TARGET)
    state.broker_changed(0, 0, "of them may arrive twice")
    assert "back with host:1: 0 messages" in caplog.messages[-1]


@pytest.mark.parametrize(("ranks", "name"), [((2, 1), "failed_back"), ((1, 2), "failed_over")])
async def test_from_one_backup_to_another(ranks: tuple[int, int], name: str) -> None:
    """Back is where the better broker is, whichever it is."""
    state = State(TARGET)
    events = state.bus.read()
    for rank in ranks:
        state.dialling(Target("x:1", "mqtt://x:1", rank))
        if rank == ranks[1]:
            state.broker_changed(0, 0, "")
        else:
            state.connected(TERMS)
    assert [(await anext(events)).name for _ in range(2)] == ["connected", name]


async def test_sent_to_another_server() -> None:
    """For now or for good; the words are the broker's, the place is where we go."""
    state = State(TARGET)
    events = state.bus.read()
    for for_good, words in ((True, "host:1 has moved"), (False, "host:1 sends us elsewhere for now")):
        state.redirected("host:1", BACKUP, for_good)
        event = await anext(events)
        assert (event.name, event.message) == ("redirected", f"{words}: going to backup:1")


def test_what_cannot_be_is_said_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A defect of ours is an ERROR in the log; the link goes on as it was."""
    state = State(TARGET)
    state.move(Step.ACCEPT)
    assert status(state) == "disconnected"
    assert "host:1: CONNACK accepts us cannot be while the client is disconnected" in caplog.text


def test_a_broker_that_swallows_what_is_shared_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """Contract 18: a WARNING with the broker's place for each broker, and not for each connection."""
    state = State(TARGET)
    for target in (TARGET, TARGET, Target("host:2", "mqtt://host:2"), TARGET):
        state.target = target
        state.share_silent()
    assert levels(caplog) == [logging.WARNING] * 2
    assert "host:1 grants shared subscriptions and does not deliver" in caplog.text
