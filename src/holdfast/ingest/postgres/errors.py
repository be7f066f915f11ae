"""What PostgreSQL said, and whose affair it is: the row's or the database's.

A row that can never be stored goes to the quarantine. Whatever else is wrong is the database's: the
same batch is written again until it is mended.
"""

from __future__ import annotations

from holdfast.ingest.errors import SinkError


class DatabaseSaid(Exception):
    """``code`` is its SQLSTATE: empty where the line broke, or this side gave up."""

    def __init__(self, words: str, code: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.code = code

    @property
    def of_the_row(self) -> bool:
        """Whether another row might pass where this one did not."""
        return self.code[:2] in _ROW_CLASSES or self.code in _ROW_CODES


_ROW_CLASSES = frozenset({"22", "23"})
"""Data exceptions and integrity constraints (PostgreSQL, appendix A)."""

_ROW_CODES = frozenset(
    {
        "44000",  # WITH CHECK OPTION of a view
        "54000",  # too large for its index, or for jsonb
        "P0001",  # RAISE EXCEPTION in a trigger of the user's
    }
)

DATA = "22000"
"""For values that this side cannot even send."""


def sink_error(said: DatabaseSaid, target: str) -> SinkError:
    """Its words, with a next step."""
    return SinkError(f"{target} cannot be written: {said.words}", target=target, hint=_hint(said))


def _hint(said: DatabaseSaid) -> str | None:
    if said.code:
        return _HINTS.get(said.code) or _CLASS_HINTS.get(said.code[:2])
    return next((hint for words, hint in _WORDS.items() if words in said.words), _AWAY)


_AWAY = "look whether the server runs and can be reached from here"
_LOGIN = "user and password stand in the URL, or the password in PGPASSWORD or ~/.pgpass"
_DATABASE = "create it: createdb NAME"
_LOCK = "another session holds a lock on the table: look into pg_stat_activity"

_HINTS = {
    "23505": "rows that are there already have the same key: remove them, or choose another key",
    "25006": "this server only reads, as a standby does: name the primary, or both with"
    " ?target_session_attrs=read-write",
    "3D000": _DATABASE,
    "42501": "give this user the right to create tables, or create them and grant INSERT, SELECT and UPDATE",
    "53100": "make room on the disk of the database",
    "53300": "close other connections, or raise max_connections",
    "55P03": _LOCK,
    "57014": "the statement took too long: the server is overloaded, or a lock is in its way",
}

_CLASS_HINTS = {
    "08": _AWAY,
    "28": _LOGIN,
    "57": "the server stops or starts",
}

# Of a connection that was never made libpq gives no SQLSTATE, only words.
_WORDS = {
    "authentication failed": _LOGIN,
    "no password supplied": _LOGIN,
    "does not exist": _DATABASE,
    "the database system is": "the server stops or starts",
    "too many": "close other connections, or raise max_connections",
}
