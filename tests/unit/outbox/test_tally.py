"""The books: what came in, what ended, and that they balance at every moment (contract 7)."""

from __future__ import annotations

from holdfast.messages import OVERHEAD, Outgoing
from holdfast.outbox.tally import ENDINGS, Tally
from tests.support.crowd import Crowd

EACH = 2000


def rows(count: int) -> list[Outgoing]:
    return [Outgoing(seq, "t", b"x") for seq in range(1, count + 1)]


def test_what_ends_is_counted_by_how_it_ended() -> None:
    """In messages and in bytes; what has not ended is pending."""
    tally = Tally()
    made = rows(5)
    tally.accept(5, sum(row.size for row in made))
    tally.end(made[:1], "failed")
    tally.end(made[1:3], "acknowledged")
    assert tally.ended() == {"acknowledged": 2, "sent": 0, "failed": 1, "expired": 0, "dropped": 0}
    assert (tally.pending, tally.bytes_in - tally.bytes_out) == (2, 2 * (OVERHEAD + 2))


def test_books_go_on() -> None:
    """From those of an earlier process, of whose bytes only the pending ones are known."""
    before = dict.fromkeys(ENDINGS, 1)
    (row,) = rows(1)
    tally = Tally(7, 2 * row.size, before)
    tally.end([row], "sent")
    assert (tally.accepted, tally.pending) == (7, 1)
    assert tally.ended() == {**before, "sent": 2}
    assert tally.bytes_in - tally.bytes_out == row.size


def test_what_is_told_is_a_copy() -> None:
    """The endings that somebody was given do not change under their hands."""
    tally = Tally(1)
    told = tally.ended()
    tally.end(rows(1), "sent")
    assert told["sent"] == 0


def test_rows_may_end_on_two_threads() -> None:
    """None is lost, in messages or bytes, whether they end alone or in groups."""
    tally = Tally()
    made = rows(4 * EACH)
    tally.accept(len(made), sum(row.size for row in made))

    def end(number: int) -> None:
        first, group = 2 * EACH * number, number + 1
        for place in range(first, first + 2 * EACH, group):
            tally.end(made[place : place + group], "sent")

    with Crowd(2, end) as crowd:
        pass
    assert crowd.failed == []
    assert (tally.pending, tally.ended()["sent"]) == (0, len(made))
    assert tally.bytes_in == tally.bytes_out


def test_never_less_than_nothing_is_pending() -> None:
    """Somebody who asks while rows come in and end at once sees no more endings than messages."""
    tally = Tally()
    (row,) = rows(1)

    def come_and_go(_: int) -> None:
        for _ in range(EACH):
            tally.accept(1, row.size)
            tally.end([row], "dropped")

    seen = {tally.pending}
    with Crowd(1, come_and_go) as crowd:
        while crowd.running:
            seen.add(tally.pending)
    assert crowd.failed == []
    assert min(seen) >= 0
    assert tally.pending == 0
