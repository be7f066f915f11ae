"""The memory outbox beyond the port's suite (tests/contracts/test_outbox.py): threads, and what it costs."""

from __future__ import annotations

from collections import deque
from threading import Event, Lock, Thread

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import Ledger
from holdfast.outbox.memory import MemoryOutbox
from holdfast.protocol import Settled
from holdfast.testing.manual_clock import ManualClock
from tests.support.crowd import Crowd

THREADS = 4
EACH = 500


def balanced(ledger: Ledger) -> bool:
    ended = ledger.acknowledged + ledger.sent + ledger.failed + ledger.expired + ledger.dropped
    return ledger.accepted == ended + ledger.pending


def publishers(outbox: MemoryOutbox, qos: QoS) -> Crowd:
    """They accept as the client does: one at a time."""
    accepting = Lock()

    def publish(_: int) -> None:
        for _ in range(EACH):
            with accepting:
                outbox.accept([Outgoing(0, "t", b"x", qos)])

    return Crowd(THREADS, publish)


def test_qos_1_from_many_threads() -> None:
    """Rows accepted on four threads while a fifth takes and ends them: each is taken exactly once."""
    outbox = MemoryOutbox(ManualClock())
    taken: list[int] = []
    with publishers(outbox, 1) as crowd:
        while crowd.running or outbox.pending:
            rows = outbox.take(7)
            taken += [row.seq for row in rows]
            outbox.write([Settled(rows, "acknowledged")])
            assert balanced(outbox.ledger())
    assert crowd.failed == []
    assert sorted(taken) == list(range(1, THREADS * EACH + 1))
    assert outbox.ledger().acknowledged == THREADS * EACH


def test_the_ring_from_many_threads() -> None:
    """QoS 0 dropped on four threads while the engine takes: each row is taken or dropped, never both."""
    outbox = MemoryOutbox(ManualClock(), qos0_messages=3)
    dropped: list[int] = []
    taken: list[int] = []
    outbox.on_ended = lambda rows, *_how: dropped.extend(row.seq for row in rows)
    with publishers(outbox, 0) as crowd:
        while crowd.running or outbox.pending:
            rows = outbox.take(0)
            taken += [row.seq for row in rows]
            outbox.write([Settled(rows, "sent")])
            assert balanced(outbox.ledger())
    assert crowd.failed == []
    assert sorted(taken + dropped) == list(range(1, THREADS * EACH + 1))
    ledger = outbox.ledger()
    assert (ledger.sent, ledger.dropped, ledger.pending) == (len(taken), len(dropped), 0)


def test_dropping_and_taking_take_turns() -> None:
    """An engine that takes in the middle of a drop waits for its end: no row is lost between the two."""
    outbox = MemoryOutbox(ManualClock(), qos0_messages=1)
    dropped: list[int] = []
    taken: list[int] = []
    outbox.on_ended = lambda rows, *_how: dropped.extend(row.seq for row in rows)

    def take() -> None:
        taken.extend(row.seq for row in outbox.take(0))

    engine = Thread(target=take)

    class Ring(deque[Outgoing]):
        """Lets the engine come in at the worst moment."""

        def popleft(self) -> Outgoing:
            if engine.ident is None:
                engine.start()
                engine.join(0.05)
            return super().popleft()

    outbox._ring._rows = Ring()
    outbox.accept([Outgoing(seq, "t", b"", 0) for seq in (1, 2)])
    engine.join()
    assert (dropped, taken) == ([1], [2])


def test_what_falls_out_is_told_outside_the_lock() -> None:
    """on_ended may look into the books: it is not called while they are locked."""
    outbox = MemoryOutbox(ManualClock(), qos0_messages=1)
    looked = Event()

    def look(rows: list[Outgoing], *_how: str) -> None:
        if outbox.ledger().dropped == len(rows):
            looked.set()

    outbox.on_ended = look
    watch = Thread(target=lambda: outbox.accept([Outgoing(seq, "t", b"", 0) for seq in (1, 2)]), daemon=True)
    watch.start()
    assert looked.wait(5)
    watch.join()


def test_everything_is_durable_at_once() -> None:
    """Memory has no commit to wait for: accept and write give a number that is reached already."""
    outbox = MemoryOutbox(ManualClock())
    row = Outgoing(1, "t", b"", 1)
    assert outbox.accept([row]) <= outbox.durable
    assert outbox.write([Settled([row], "acknowledged")]) <= outbox.durable


def test_nothing_is_left_of_what_ended() -> None:
    """Promise 8: after a hundred thousand messages the budget is whole again, so no byte was miscounted."""
    outbox = MemoryOutbox(ManualClock(), max_bytes=1000)
    for first in range(1, 100_000, 100):
        rows = [Outgoing(seq, "topic", bytes(seq % 7), 1) for seq in range(first, first + 100)]
        outbox.accept(rows)
        outbox.write([Settled(outbox.take(100), "acknowledged")])
    outbox.accept([Outgoing(200_000, "t", b"", 1)])
    left = 1000 - Outgoing(0, "t", b"", 1).size
    fits, not_quite = (
        Outgoing(200_001, "t", bytes(left - Outgoing(0, "t", b"", 1).size + more), 1) for more in (0, 1)
    )
    assert outbox.lacks([fits]) is None
    assert outbox.lacks([not_quite]) == 1000


def test_closing_is_harmless() -> None:
    """close() keeps the books readable."""
    outbox = MemoryOutbox(ManualClock())
    outbox.accept([Outgoing(1, "t", b"", 1)])
    outbox.begin()
    assert outbox.at_risk == 1
    assert outbox.close()
    assert outbox.ledger().pending == 1
