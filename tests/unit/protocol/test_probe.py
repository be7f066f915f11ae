"""The clockwork of the probe: when to ask, and what a missing answer means (contract 21)."""

from __future__ import annotations

import pytest

from holdfast.protocol.probe import Probe

P = 10.0


def proven() -> Probe:
    """Asked at 0 and answered, asked again at 10."""
    probe = Probe(P, 0.0)
    probe.subscribed()
    probe.asked(0.0)
    probe.answered(0.0)
    probe.asked(10.0)
    return probe


def test_a_question_follows_the_answer_after_an_interval() -> None:
    """The round trip is from the question to the answer; nothing is due in between."""
    probe = Probe(P, 0.0)
    assert (probe.state, probe.deadline(0.0)) == ("waiting", 10.0)
    probe.subscribed()
    probe.asked(1.0)
    assert probe.answered(1.25) == 0.25
    assert (probe.state, probe.deadline(1.25)) == ("ok", 11.0)
    assert probe.due(10.9, 1.25) == "nothing"
    assert probe.due(11.0, 1.25) == "ask"


def test_silence_is_asked_about_and_then_it_is_death() -> None:
    """PINGREQ after half an interval without a byte; dead at its end: within 2 P of the last byte."""
    probe = proven()
    assert probe.deadline(10.0) == 15.0
    assert probe.due(14.9, 10.0) == "nothing"
    assert probe.due(15.0, 10.0) == "ping"
    probe.pinged(15.0)
    assert probe.deadline(10.0) == 20.0
    assert probe.due(19.9, 10.0) == "nothing"
    assert probe.due(20.0, 10.0) == "dead"


def test_who_was_late_asks_before_judging() -> None:
    """A process that slept over all that: PINGREQ has half an interval to be answered, whatever the time."""
    probe = proven()
    assert probe.due(500.0, 10.0) == "ping"
    probe.pinged(500.0)
    assert probe.due(504.9, 10.0) == "nothing"
    assert probe.due(505.0, 10.0) == "dead"


@pytest.mark.parametrize("ping", [False, True])
def test_any_byte_is_life(ping: bool) -> None:
    """Something came in, if not the answer, before or behind the ping: asked again, and never dead."""
    probe = proven()
    if ping:
        probe.pinged(15.0)
    assert probe.deadline(10.1) == 20.0
    assert probe.due(19.9, 10.1) == "nothing"
    assert probe.due(20.0, 10.1) == "ask"


def test_two_misses_in_a_row_are_told() -> None:
    """One may be dropped under load; an answer begins the count anew."""
    probe = proven()
    states = []
    for now in (20.0, 30.0, 40.0, 50.0):
        assert probe.due(now, now) == "ask"
        probe.asked(now)
        states.append(probe.state)
    probe.answered(51.0)
    for now in (60.0, 70.0):
        probe.asked(now)
        states.append(probe.state)
    assert states == ["ok", "missed", "missed", "missed", "ok", "ok"]


def test_never_authorised_within_three_intervals() -> None:
    """Never answered here: nobody pings, nothing is dead, and the third miss is the last."""
    probe = Probe(P, 0.0)
    for now in (10.0, 20.0):
        assert probe.due(now - 0.1, 0.0) == "nothing"
        assert probe.due(now, 0.0) == "ask"
        probe.asked(now)
    assert probe.state == "waiting"
    assert probe.due(30.0, 0.0) == "refused"
    probe.refuse()
    assert (probe.state, probe.deadline(0.0), probe.due(1e9, 0.0)) == ("not_authorized", None, "nothing")


def test_suback_begins_the_count_anew() -> None:
    """What was asked before could not be answered."""
    probe = Probe(P, 0.0)
    probe.asked(10.0)
    probe.subscribed()
    probe.asked(12.0)
    probe.asked(22.0)
    assert probe.due(32.0, 0.0) == "ask"
    probe.asked(32.0)
    assert probe.due(42.0, 0.0) == "refused"


def test_a_question_is_not_judged_while_nothing_is_read() -> None:
    """Handlers are behind: answers wait with all else, so it is neither death nor missed."""
    probe = proven()
    probe.listen(False)
    probe.listen(True)
    assert probe.deadline(10.0) == 20.0
    assert probe.due(20.0, 10.0) == "ask"
    probe.listen(False)
    for now in (20.0, 30.0, 40.0, 50.0):
        assert probe.due(now, 10.0) == "ask"
        probe.asked(now)
    assert probe.state == "ok"
    probe.listen(True)
    probe.asked(60.0)
    assert probe.due(65.0, 60.0) == "ping"


def test_nor_is_anybody_refused_then() -> None:
    """A flood at the beginning holds the first answers up."""
    probe = Probe(P, 0.0)
    probe.listen(False)
    for now in range(10, 100, 10):
        assert probe.due(now, 0.0) == "ask"
        probe.asked(now)
    assert probe.state == "waiting"
