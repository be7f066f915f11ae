"""The tables of an outbox file, and its books.

``meta``     ``client_id`` (contract 2) and ``created`` (wall seconds); ``group``: whose session it is in;
             ``boot`` and ``boot_offset`` (see ``timeline``); ``device`` and ``inode``: where it lay;
             ``series``: of the numbers in ``inbound``; ``restored``, while what was in flight is known to
             be stale
``books``    one line: the counters of contract 7, where the numbers go on, and when that was
``message``  one row per message that has not ended, by its key (see ``keys``)
``flight``   which of them are in flight, under which identifiers (see ``flight``); the others are unsent
``ids``      packet identifiers without a row: QoS 2 taken in, and withheld (contract 5, 10)
``broker``   the addresses it was used with, and how their groups are called (see ``brokers``)
``session``  the sessions with other groups; ``held``: the identifiers they hold (see ``sessions``)
``dead``     messages that were refused for good (see ``dead``)
``inbound``  messages that came in, and are kept (see ``inbound``)
``seen``     digests of messages that came in; ``begun``: of those whose handling has not ended
``request``  what another process asks of the owner (see ``requests``)

A message that ended is a number in ``books`` and nothing else. Times are outbox time (see ``timeline``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import urandom
from typing import Any

from holdfast.messages import OVERHEAD
from holdfast.outbox.flight import RELEASED, SENT, UNSENT, Line, is_packed
from holdfast.outbox.keys import FAR
from holdfast.outbox.schema import CREATE
from holdfast.outbox.sqlite_file import APPLICATION_ID, FORMAT, damaged
from holdfast.outbox.statements import each

ENDINGS = ("acknowledged", "sent", "failed", "expired", "dropped")
RECEIVED, WITHHELD, UNANSWERED, UNRELEASED = 1, 2, 3, 4
"""Kinds of identifiers: the first two are those of ``ids``."""


class Books:
    """The one line of ``books``.

    ``last``: the sequence number given last. ``commits``: the number of the newest commit.
    ``epoch``, ``packet_id``: where the session goes on (see ``Restored``). ``at``, ``wall``: outbox
    time, and what the wall clock showed, at that commit.
    """

    __match_args__ = (
        *("accepted", "acknowledged", "sent", "failed", "expired", "dropped"),
        *("last", "commits", "epoch", "packet_id", "at", "wall"),
    )
    __slots__ = __match_args__

    def __init__(self, *values: float) -> None:
        for name, value in zip(self.__match_args__, values, strict=True):
            setattr(self, name, value)

    accepted: int
    acknowledged: int
    sent: int
    failed: int
    expired: int
    dropped: int
    last: int
    commits: int
    epoch: int
    packet_id: int
    at: float
    wall: float

    @property
    def ended(self) -> int:
        """Messages that are pending no more."""
        return self.acknowledged + self.sent + self.failed + self.expired + self.dropped

    def values(self) -> tuple[float, ...]:
        """As they stand in the file."""
        return tuple(getattr(self, name) for name in self.__match_args__)

    @property
    def sane(self) -> bool:
        """Whether this can be, whatever rows there are."""
        return (
            min(self._counts()) >= 0 and max(self._counts()) < FAR and self.commits >= min(1, self.accepted)
        )

    def mend(self) -> None:
        """Zero for counts that cannot be; a file with rows has had a commit."""
        for name, value in zip(self.__match_args__, self._counts(), strict=False):
            if not 0 <= value < FAR:
                setattr(self, name, 0)
        self.commits = max(1, self.commits)

    def _counts(self) -> tuple[float, ...]:
        return self.values()[:-2]

    def copy(self) -> Books:
        """Books that may be changed and thrown away."""
        return Books(*self.values())


_WRITE = f"UPDATE books SET {', '.join(f'{name} = ?' for name in Books.__match_args__)}"
_READ = f"SELECT {', '.join(Books.__match_args__)} FROM books"


def create(db: sqlite3.Connection, client_id: str, created: float, restored: str | None = None) -> None:
    """Make the tables in an empty file, in one transaction. Raises sqlite3.Error.

    Packet identifiers begin at a random place: an earlier file may have used them (``Restored``).
    """
    with transaction(db):
        for statement in CREATE:
            db.execute(statement)
        write_meta(db, client_id=client_id, created=created, restored=restored)
        start = int.from_bytes(urandom(2), "big") % 65_535
        db.execute("INSERT INTO books VALUES (0, 0, 0, 0, 0, 0, 0, 0, 0, ?, 0, ?)", (start, created))
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={FORMAT}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All that happens inside, or nothing. Raises sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def read_meta(db: sqlite3.Connection) -> dict[str, Any]:
    """Whose file this is, by key; ``client_id`` and ``created`` are there. Raises sqlite3.Error."""
    found = dict(db.execute("SELECT key, value FROM meta"))
    numbers = [found.get("created"), found.get("boot_offset", 0.0)]
    if not isinstance(found.get("client_id"), str) or not all(
        isinstance(one, int | float) for one in numbers
    ):
        raise damaged("it does not say whose it is")
    return found


def write_meta(db: sqlite3.Connection, **values: str | float | None) -> None:
    """These keys of ``meta``, with the transaction that is open; None takes a key away."""
    for key, value in values.items():
        db.execute("DELETE FROM meta WHERE key = ?", (key,))
        if value is not None:
            db.execute("INSERT INTO meta VALUES (?, ?)", (key, value))


def read_brokers(db: sqlite3.Connection) -> dict[str, str]:
    """The addresses it was used with, and how their groups are called. Raises sqlite3.Error."""
    found = db.execute("SELECT address, name FROM broker").fetchall()
    if not all(isinstance(one, str) for line in found for one in line):
        raise damaged("nobody knows whose brokers it was used with")
    return dict(found)


def write_brokers(db: sqlite3.Connection, known: Mapping[str, str]) -> None:
    """These too, with the transaction that is open."""
    each(db, "INSERT OR REPLACE INTO broker VALUES (?, ?)", list(known.items()))


def read_books(db: sqlite3.Connection) -> Books:
    """The books as committed. Raises sqlite3.Error."""
    line = db.execute(_READ).fetchone()
    if line is None or not all(isinstance(one, int | float) for one in line):
        raise damaged("the books are gone")
    return Books(*line)


def read_flight(db: sqlite3.Connection) -> Iterator[Line]:
    """The lines of ``flight`` in their order. Raises sqlite3.Error."""
    for number, stage, entries in db.execute("SELECT number, stage, entries FROM flight ORDER BY number"):
        if stage not in (UNSENT, SENT, RELEASED) or type(entries) is not bytes or not is_packed(entries):
            raise damaged("nobody knows what is in flight")
        yield number, stage, entries


def write_books(db: sqlite3.Connection, books: Books) -> None:
    """The books, with the transaction that is open."""
    db.execute(_WRITE, books.values())


def count(db: sqlite3.Connection) -> tuple[int, int]:
    """How many rows there are, and their bytes as a budget counts them; reads the whole table."""
    rows, size = db.execute(
        "SELECT count(*), coalesce(sum(length(topic) + length(payload)), 0) FROM message"
    ).fetchone()
    return rows, size + rows * OVERHEAD


def read_ids(db: sqlite3.Connection, kind: int) -> Iterator[int]:
    """The identifiers of this kind."""
    for (packet_id,) in db.execute("SELECT packet_id FROM ids WHERE kind = ?", (kind,)):
        if not isinstance(packet_id, int):
            raise damaged("nobody knows which identifiers are in use")
        yield packet_id
