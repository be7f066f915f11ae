"""Dead letters in memory."""

from __future__ import annotations

import pytest

from holdfast.client.dead_letters import MOST, MOST_BYTES, DeadLetters
from tests.unit.client.consuming import Endpoint, delivery


def bury(letters: DeadLetters, payload: str, kept: list[str]) -> None:
    """One more."""
    message = delivery("t", payload)
    message.attempt = 3
    letters.bury("handler h", (message, message, 0, None), "odd", lambda: kept.append(payload))


def test_told_kept_and_then_acknowledged(caplog: pytest.LogCaptureFixture) -> None:
    """An ERROR line without the payload, an event with it, a number; then the message may be acknowledged."""
    here, kept = Endpoint(), list[str]()
    bury(here.state.dead_letters, "secret", kept)
    (event,) = here.dead
    assert (event.topic, event.payload, event.reason) == ("t", b"secret", "odd")
    assert (event.handler, event.attempts) == ("handler h", 3)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "handler h: a message on t is a dead letter: odd")
    ]
    assert "secret" not in repr(event) + caplog.text
    assert here.state.dead_letters.count == 1
    assert here.state.dead_letters.newest == (event,)
    assert kept == ["secret"]


def test_the_newest_hundred_are_kept() -> None:
    """The others are counted, and gone."""
    letters = Endpoint().state.dead_letters
    for number in range(MOST + 5):
        bury(letters, str(number), [])
    assert letters.count == MOST + 5
    assert [letter.payload for letter in letters.newest] == [b"%d" % number for number in range(5, MOST + 5)]


def test_large_ones_are_fewer() -> None:
    """Payloads are bounded all together; the newest is there whatever it weighs."""
    letters = Endpoint().state.dead_letters
    for size in (1, MOST_BYTES // 2, MOST_BYTES // 2, MOST_BYTES + 1):
        bury(letters, "x" * size, [])
        assert sum(len(letter.payload) for letter in letters.newest[:-1]) <= MOST_BYTES
    assert [len(letter.payload) for letter in letters.newest] == [MOST_BYTES + 1]
    bury(letters, "x", [])
    assert [len(letter.payload) for letter in letters.newest] == [1]
