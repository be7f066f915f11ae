"""What is known about the link, and how loudly it is said."""

from __future__ import annotations

import logging

import pytest

from holdfast.client.lifecycle import Step
from holdfast.client.state import State
from holdfast.errors import HoldfastError
from holdfast.protocol import Terms
from holdfast.resilience import Verdict

REFUSED = Verdict("refused", "host:1 refused the connection", "Is it there?")
TERMS = Terms(5, "c", True, 3600, 60)


def status(state: State) -> str:
    """How it looks from outside."""
    return state.status.value


def levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    """The levels of the log lines so far."""
    return [record.levelno for record in caplog.records if record.levelno > logging.DEBUG]


def test_from_dialling_to_connected_and_back() -> None:
    """The states in order, counters and the reason for having no connection."""
    state = State("host:1")
    assert "has not answered yet" in state.reason
    state.dialling()
    assert status(state) == "connecting"
    state.connected(TERMS)
    assert (status(state), state.connections, state.verdict) == ("connected", 1, None)
    state.disconnected(REFUSED)
    assert (status(state), state.terms, state.connected_since) == ("reconnecting", None, None)
    assert state.disconnections == {"refused": 1}
    assert state.reason == str(REFUSED)
    state.dialling()
    assert status(state) == "reconnecting"


async def test_a_cause_is_said_once_until_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    """100 refused attempts are one WARNING; another cause is another; giving up is an ERROR."""
    caplog.set_level(logging.DEBUG, "holdfast")
    state = State("host:1")
    reader = state.bus.read()
    for _ in range(100):
        state.dialling()
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
    state = State("host:1")
    state.draining = True
    state.move(Step.STOP)
    state.dialling()
    state.connected(TERMS)
    assert status(state) == "draining"
    state.disconnected(REFUSED)
    assert status(state) == "draining"
    assert not state.disconnections
    state.move(Step.END)
    assert status(state) == "disconnected"


async def test_failures_are_events_and_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    """A failed message warns; a failed handler is an error with its traceback, without the payload."""
    state = State("host:1")
    reader = state.bus.read()
    state.message_failed(7, HoldfastError("refused"))
    state.handler_failed("t", b"secret payload", RuntimeError("boom"))
    assert [(await anext(reader)).name, (await anext(reader)).name] == ["message_failed", "handler_failed"]
    assert levels(caplog) == [logging.WARNING, logging.ERROR]
    assert "secret payload" not in caplog.text
    assert "boom" in caplog.text
    assert state.errors == 1


def test_what_cannot_be_is_said_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A defect of ours is an ERROR in the log; the link goes on as it was."""
    state = State("host:1")
    state.move(Step.ACCEPT)
    assert status(state) == "disconnected"
    assert "host:1: CONNACK accepts us cannot be while the client is disconnected" in caplog.text
