"""Which version to speak (contract 4): every row of the table in ``versions.py``."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Version
from holdfast.resilience import VersionChoice

DAY_S = 24 * 3600.0

# What happened, in order: the version of the attempt and its end. Then the version asked for next.
#   ok      accepted              0x84 ... CONNACK with this code
#   close   closed before CONNACK
#   none    no answer, or never reached: the choice is told nothing
ROWS: list[tuple[str, list[tuple[Version, str]], Version]] = [
    ("5 is tried first", [], V5),
    ("accepted", [(V5, "ok")], V5),
    ("CONNACK 0x84", [(V5, "0x84")], V311),
    ("return code 1", [(V5, "0x01")], V311),
    ("0x84, then accepted", [(V5, "0x84"), (V311, "ok")], V311),
    ("0x84, then refused for its version too", [(V5, "0x84"), (V311, "0x01")], V5),
    ("0x84, then refused for another reason", [(V5, "0x84"), (V311, "0x05")], V311),
    ("0x84, then closed", [(V5, "0x84"), (V311, "close")], V5),
    ("0x84, then not reached", [(V5, "0x84"), (V311, "none")], V311),
    ("one close", [(V5, "close")], V5),
    ("two closes", [(V5, "close"), (V5, "close")], V311),
    ("two closes, then accepted", [(V5, "close"), (V5, "close"), (V311, "ok")], V311),
    ("two closes, then closed again", [(V5, "close"), (V5, "close"), (V311, "close")], V5),
    (
        "the closes are counted anew after a fruitless 3.1.1",
        [(V5, "close"), (V5, "close"), (V311, "close"), (V5, "close")],
        V5,
    ),
    (
        "and lead to 3.1.1 again",
        [(V5, "close"), (V5, "close"), (V311, "close"), (V5, "close"), (V5, "close")],
        V311,
    ),
    ("not in a row: an answer between", [(V5, "close"), (V5, "0x88"), (V5, "close")], V5),
    ("closes of a broker that knows 5", [(V5, "ok"), (V5, "close"), (V5, "close"), (V5, "close")], V5),
    ("0x84 of a broker that knew 5", [(V5, "ok"), (V5, "0x84")], V311),
    ("kept 3.1.1, closed", [(V5, "0x84"), (V311, "ok"), (V311, "close"), (V311, "close")], V311),
    ("kept 3.1.1, refused for login", [(V5, "0x84"), (V311, "ok"), (V311, "0x05")], V311),
    ("kept 3.1.1, refused for its version", [(V5, "0x84"), (V311, "ok"), (V311, "0x01")], V5),
    *(
        (f"refused with {code}", [(V5, code)], V5)
        for code in ("0x80", "0x85", "0x86", "0x87", "0x88", "0x9f")
    ),
    *((f"refused with return code {code}", [(V5, code)], V5) for code in ("0x02", "0x03", "0x04", "0x05")),
]


def live(choice: VersionChoice, history: list[tuple[Version, str]], now: float = 0) -> None:
    for version, end in history:
        assert choice.choose(now) == version
        if end == "ok":
            choice.accepted(now)
        elif end == "close":
            choice.closed_before_connack()
        elif end != "none":
            choice.refused(int(end, 16))


@pytest.mark.parametrize(("history", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_next_version(history: list[tuple[Version, str]], expected: Version) -> None:
    """Contract 4: 3.1.1 only for 0x84, return code 1, or two closes and then success."""
    choice = VersionChoice()
    live(choice, history)
    assert choice.choose(0) == expected


@pytest.mark.parametrize("fixed", [V5, V311])
@pytest.mark.parametrize("end", ["ok", "close", "0x84", "0x01", "0x05"])
def test_a_fixed_version_never_changes(fixed: Version, end: str) -> None:
    """Client(version=...) is an order, whatever the broker does, also after days."""
    choice = VersionChoice(fixed)
    live(choice, [(fixed, end)] * 5)
    assert choice.choose(10 * DAY_S) == fixed
    assert choice.refused(0x84) is False


def test_after_a_refused_version_the_next_follows_at_once() -> None:
    """0x84 and return code 1 answer the question: no backoff in between."""
    assert VersionChoice().refused(0x84) is True
    assert VersionChoice().refused(1) is True
    assert VersionChoice().refused(0x87) is False


def test_a_broker_that_knows_neither_is_no_endless_hurry() -> None:
    """5 and 3.1.1 refused in turn: one of the two always waits for the backoff."""
    choice = VersionChoice()
    assert [choice.refused(code) for code in (0x84, 1, 0x84, 1)] == [True, False, True, False]


@pytest.mark.parametrize("end", ["0x84", "close"])
def test_5_is_tried_again_after_a_day(end: str) -> None:
    """3.1.1 is kept for 24 hours from its first acceptance; then the search starts anew."""
    choice = VersionChoice()
    live(choice, [(V5, end)] * (1 if end == "0x84" else 2))
    live(choice, [(V311, "ok")], now=100)
    live(choice, [(V311, "ok")], now=100 + DAY_S - 1)
    assert choice.choose(100 + DAY_S) == V5
    live(choice, [(V5, "0x84"), (V311, "ok"), (V311, "ok")], now=100 + DAY_S)
    assert choice.choose(100 + 2 * DAY_S - 1) == V311
    assert choice.choose(100 + 2 * DAY_S) == V5


def test_a_process_start_tries_5() -> None:
    """A new choice knows nothing of the old one."""
    old = VersionChoice()
    live(old, [(V5, "0x84"), (V311, "ok")])
    assert VersionChoice().choose(0) == V5
