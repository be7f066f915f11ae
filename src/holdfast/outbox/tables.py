"""The tables of an outbox file, and its books.

``meta``     ``client_id`` (contract 2) and ``created`` (wall seconds)
``books``    one line: the counters of contract 7, and where the numbers go on
``message``  one row per message that has not ended, by sequence number
``flight``   which of them are in flight, under which identifiers (see ``flight``); the others are unsent
``ids``      packet identifiers without a row: QoS 2 taken in, and withheld (contract 5, 10)

A message that ended is a number in ``books`` and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from os import urandom

from holdfast.messages import OVERHEAD
from holdfast.outbox.sqlite_file import APPLICATION_ID, FORMAT

ENDINGS = ("acknowledged", "sent", "failed", "expired", "dropped")
RECEIVED, WITHHELD = 1, 2

_CREATE = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE books (accepted INTEGER, acknowledged INTEGER, sent INTEGER, failed INTEGER,"
    " expired INTEGER, dropped INTEGER, last INTEGER, commits INTEGER, epoch INTEGER, packet_id INTEGER)",
    "CREATE TABLE message (seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,"
    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, properties BLOB, expires_at REAL,"
    " uncertain INTEGER NOT NULL, accepted_at REAL NOT NULL)",
    "CREATE TABLE flight (number INTEGER PRIMARY KEY, stage INTEGER NOT NULL, entries BLOB NOT NULL)",
    "CREATE TABLE ids (kind INTEGER, packet_id INTEGER, PRIMARY KEY (kind, packet_id)) WITHOUT ROWID",
)


class Books:
    """The one line of ``books``.

    ``last``: the sequence number given last. ``commits``: the number of the newest commit.
    ``epoch``, ``packet_id``: where the session goes on (see ``Restored``).
    """

    __match_args__ = (
        *("accepted", "acknowledged", "sent", "failed", "expired", "dropped"),
        *("last", "commits", "epoch", "packet_id"),
    )
    __slots__ = __match_args__

    def __init__(self, *values: int) -> None:
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

    @property
    def ended(self) -> int:
        """Messages that are pending no more."""
        return self.acknowledged + self.sent + self.failed + self.expired + self.dropped

    def values(self) -> tuple[int, ...]:
        """As they stand in the file."""
        return tuple(getattr(self, name) for name in self.__match_args__)

    def copy(self) -> Books:
        """Books that may be changed and thrown away."""
        return Books(*self.values())


_WRITE = f"UPDATE books SET {', '.join(f'{name} = ?' for name in Books.__match_args__)}"
_READ = f"SELECT {', '.join(Books.__match_args__)} FROM books"


def create(db: sqlite3.Connection, client_id: str, created: float) -> None:
    """Make the tables in an empty file, in one transaction. Raises sqlite3.Error.

    Packet identifiers begin at a random place: an earlier file may have used them (``Restored``).
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement in _CREATE:
            db.execute(statement)
        db.executemany("INSERT INTO meta VALUES (?, ?)", [("client_id", client_id), ("created", created)])
        start = int.from_bytes(urandom(2), "big") % 65_535
        db.execute("INSERT INTO books VALUES (0, 0, 0, 0, 0, 0, 0, 0, 0, ?)", (start,))
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={FORMAT}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def read_meta(db: sqlite3.Connection) -> tuple[str, float]:
    """The client id this file is bound to, and when it was made. Raises sqlite3.Error."""
    found = dict(db.execute("SELECT key, value FROM meta"))
    if not found.keys() >= {"client_id", "created"}:
        raise _damaged("it does not say whose it is")
    return str(found["client_id"]), float(found["created"])


def read_books(db: sqlite3.Connection) -> Books:
    """The books as committed. Raises sqlite3.Error."""
    line = db.execute(_READ).fetchone()
    if line is None:
        raise _damaged("the books are gone")
    return Books(*line)


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
        yield packet_id


def _damaged(sentence: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(sentence)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
