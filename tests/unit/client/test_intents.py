"""Subscriptions wanted: merged per filter, kept for the next consumer, and how the broker answered."""

from __future__ import annotations

import pytest

from holdfast.client.dispatcher import identifier_of
from holdfast.client.intents import Intents
from holdfast.errors import ConfigurationError
from holdfast.handling import HandlerOptions
from holdfast.protocol import Granted, NotGranted

ONE, TWO = HandlerOptions(qos=1), HandlerOptions(qos=2)


def asked(intents: Intents, *filters: str, options: HandlerOptions = ONE) -> list[tuple[str, int]]:
    """What the broker is asked for when these are wanted."""
    return [(intent.filter, intent.qos) for intent in intents.want(filters, options)]


def test_asked_once_and_again_only_for_a_higher_qos() -> None:
    """One filter is asked for once, at the highest QoS of its consumers."""
    intents = Intents()
    assert not intents
    assert asked(intents, "a", "b", "a") == [("a", 1), ("b", 1)]
    assert asked(intents, "a") == []
    intents.granted(Granted("a", 1))
    assert asked(intents, "a", options=TWO) == [("a", 2)]
    assert intents.missing(["a"]) == ["a"]
    assert asked(intents, "a") == []
    assert intents
    assert "a" in intents


def test_given_up_when_the_last_has_enough() -> None:
    """Two consumers: the filter goes with the second."""
    intents = Intents()
    asked(intents, "a")
    asked(intents, "a")
    assert intents.unwant(["a"], ONE, done=True) == []
    assert intents.unwant(["a"], ONE, done=True) == ["a"]
    assert "a" not in intents
    assert intents.unwant(["a"], ONE, done=True) == []


def test_left_without_being_done_it_stays_for_the_next() -> None:
    """Contract 15: the session keeps it; the next consumer takes it over without a new SUBSCRIBE."""
    intents = Intents()
    asked(intents, "a")
    intents.granted(Granted("a", 1))
    for _ in range(3):
        assert intents.unwant(["a"], ONE, done=False) == []
        assert asked(intents, "a") == []
    assert len(intents._wanted["a"].consumers) == 1
    intents.unwant(["a"], ONE, done=False)
    assert asked(intents, "a", options=HandlerOptions(qos=0, retained="never")) == [("a", 0)]
    assert intents.unwant(["a"], HandlerOptions(qos=0, retained="never"), done=True) == ["a"]


def test_what_is_kept_for_the_next() -> None:
    """Those whose consumers all left undone, and all behind a run of a kept session; until one is back."""
    intents = Intents()
    asked(intents, "a", "b")
    asked(intents, "a")
    intents.unwant(["a", "b"], ONE, done=False)
    assert intents.kept == {"b": identifier_of("b")}
    intents.release(kept=True)
    assert list(intents.kept) == ["b", "a"]
    asked(intents, "b")
    intents.forget("a")
    assert not intents.kept


def test_contradiction_is_refused_and_leaves_nothing() -> None:
    """Other options for the same filter: nothing of the call is kept."""
    intents = Intents()
    asked(intents, "b")
    with pytest.raises(ConfigurationError, match="other options"):
        intents.want(["a", "b"], HandlerOptions(no_local=True))
    assert "a" not in intents


def test_refused_is_an_error_until_granted_or_asked_again() -> None:
    """A refusal is kept as a typed error; a new consumer asks again; a reader who leaves drops it."""
    intents = Intents()
    asked(intents, "a", "b")
    error = intents.refused(NotGranted("a", 0x87))
    assert (error.filter, error.code) == ("a", 0x87)
    assert error.hint
    assert intents.refusal() is error
    assert intents.refusal(["b"]) is None
    assert [intent.filter for intent in intents.refused_intents()] == ["a"]
    assert asked(intents, "a") == [("a", 1)]
    assert intents.refusal() is None
    intents.refused(NotGranted("a", 0x87))
    intents.granted(Granted("a", 1))
    assert intents.refusal() is None
    intents.refused(NotGranted("a", 0x87))
    intents.unwant(["a"], ONE, done=False)
    assert intents.unwant(["a"], ONE, done=False) == ["a"]
    assert intents.refused(NotGranted("gone", 0x87)).filter == "gone"
    assert intents.refusal() is None


def test_missing_and_lowest() -> None:
    """What is not granted is missing; the lowest grant of several counts; a lost session grants nothing."""
    intents = Intents()
    asked(intents, "a", "b")
    assert intents.missing() == ["a", "b"]
    intents.granted(Granted("a", 1))
    intents.granted(Granted("b", 0))
    intents.granted(Granted("stranger", 0))
    assert intents.missing() == []
    assert intents.lowest(["a", "b"]) == 0
    assert intents.lowest([]) == 0
    intents.session_lost()
    assert intents.missing(["a"]) == ["a"]


def test_release_at_the_end_of_a_run() -> None:
    """A kept session remembers its filters for the next run, a clean one does not."""
    intents = Intents()
    asked(intents, "a")
    assert intents.release(kept=True) == []
    assert asked(intents, "a") == []
    assert intents.release(kept=False) == ["a"]
    assert not intents
