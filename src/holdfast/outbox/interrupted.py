"""Ctrl-C within ``accept``: whatever is in by then is accepted, counted, and told to the caller.

It comes behind a call, at the begin of a function, or where a loop goes on, and nowhere else. So steps
without a call in between need no more than their order; else who holds the lock sees how far it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.outbox.keys import key_of

if TYPE_CHECKING:
    from holdfast.messages import Outgoing
    from holdfast.outbox.sweeping import Expiring
    from holdfast.outbox.tally import Tally
    from holdfast.outbox.waiting import Waiting


def tell(interrupt: KeyboardInterrupt, commit: int | None) -> None:
    """Say on the exception by which commit the rows were accepted; None: they were not."""
    interrupt.commit = commit  # type: ignore[attr-defined]


def commit_of(interrupt: KeyboardInterrupt) -> int | None:
    """What ``tell`` said."""
    commit: int | None = getattr(interrupt, "commit", None)
    return commit


def put_in_line(waiting: Waiting, expiring: Expiring, tally: Tally, rows: list[Outgoing]) -> None:
    """Accept these, of any class and kept by nobody else; count them before anybody can take them."""
    due = tally.accepted + len(rows)
    try:
        with waiting.lock:
            waiting.settle()
            try:
                waiting.accept(rows)
                expiring.add(rows)
                tally.accept(len(rows), sum([row.size for row in rows]))
            except BaseException:
                waiting.look()
                _count(tally, due, [row for row in rows if waiting.has(key_of(row))])
                raise
    except KeyboardInterrupt as interrupt:
        tell(interrupt, 0 if tally.accepted == due else None)
        raise


def _count(tally: Tally, due: int, came: list[Outgoing]) -> None:
    if came and tally.accepted < due:
        tally.accept(len(came), sum([row.size for row in came]))
