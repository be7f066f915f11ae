"""A takeover that nobody names is worded as a suspicion, and only then (contract 20)."""

from __future__ import annotations

from holdfast.resilience import TakeoverSuspicion, Verdict

CLOSED = Verdict("closed", "host closed the connection")


def suspected(verdict: Verdict) -> bool:
    """Whether the hint asks about the client id."""
    return "client_id" in (verdict.hint or "")


def test_the_third_close_soon_after_connecting() -> None:
    """Closed or reset within 5 s of CONNACK, three times in a row; a reset is hinted at and no more."""
    suspicion = TakeoverSuspicion()
    reset = Verdict("reset", "host reset the connection")
    judged = [suspicion.judge(verdict, 4.9) for verdict in (CLOSED, reset, CLOSED, reset)]
    assert [suspected(verdict) for verdict in judged] == [False, False, True, True]
    assert [verdict.cause for verdict in judged] == ["closed", "reset", "takeover", "reset"]
    assert [verdict.slow for verdict in judged] == [False, False, True, False]


def test_the_one_that_was_left_standing_names_it_too() -> None:
    """The other has slowed down and comes back after 12 s: the third close is no other story for that."""
    suspicion = TakeoverSuspicion()
    judged = [suspicion.judge(CLOSED, up_s) for up_s in (0.1, 0.1, 12.0, 0.1, 59.0, 61.0, 12.0)]
    causes = [verdict.cause for verdict in judged]
    assert causes == ["closed", "closed", "takeover", "takeover", "takeover", "closed", "closed"]


def test_what_stands_is_told() -> None:
    """A suspicion by resets as well: such a link has not worked."""
    suspicion = TakeoverSuspicion()
    reset = Verdict("reset", "host reset the connection")
    stands = []
    for _ in range(3):
        suspicion.judge(reset, 1.0)
        stands.append(suspicion.stands)
    assert stands == [False, False, True]
    suspicion.failed()
    assert not suspicion.stands


def test_anything_else_begins_the_count_anew() -> None:
    """A link that lasted, or an end with a word, is another story."""
    for other, up_s in (
        (CLOSED, 5.1),
        (Verdict("keepalive", "silent"), 1.0),
        (Verdict("takeover", "0x8E"), 1.0),
    ):
        suspicion = TakeoverSuspicion()
        ends = [(CLOSED, 1.0), (other, up_s), (CLOSED, 1.0), (CLOSED, 1.0)]
        assert not any(suspected(suspicion.judge(verdict, up)) for verdict, up in ends)


def test_a_broker_that_could_not_be_reached_is_no_takeover() -> None:
    """One that comes and goes closes links too, but its attempts fail in between."""
    suspicion = TakeoverSuspicion()
    for _ in range(5):
        assert not suspected(suspicion.judge(CLOSED, 1.0))
        suspicion.failed()
