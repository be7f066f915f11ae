"""What PostgreSQL said, and whose affair it is: the row's or the database's.

A row that can never be stored goes to the quarantine. Whatever else is wrong is the database's: the
same batch is written again until it is mended.
"""

from __future__ import annotations

from holdfast.ingest.errors import SinkError


class DatabaseSaid(Exception):
    """``code`` is its SQLSTATE: empty where the line broke, or this side gave up.

    ``raised``: a function of the user's said it, by RAISE, and chose the code.
    """

    def __init__(self, words: str, code: str = "", *, raised: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.code = code
        self.raised = raised

    @property
    def of_the_row(self) -> bool:
        """Whether another row might pass where this one did not."""
        kind = self.code[:2]
        if not kind or kind in _SERVER_CLASSES or self.code in _SERVER_CODES:
            return False
        return self.raised or kind in _ROW_CLASSES or self.code in _ROW_CODES or kind not in _CLASSES


# Classes and codes are those of PostgreSQL, appendix A.

_SERVER_CLASSES = frozenset({"08", "40", "53", "57", "58", "XX"})
"""The line, a conflict with others, room, an operator, the system: it may pass later, whoever says it."""

_SERVER_CODES = frozenset({"55P03"})
"""A lock that somebody else holds."""

_ROW_CLASSES = frozenset(
    {
        "20",  # no branch of a CASE in a function
        "21",  # more than one row where a function asks for one
        "22",  # data exceptions
        "23",  # integrity constraints
        "2F",  # a function that returns nothing
        "38",  # what functions in other languages raise
        "44",  # WITH CHECK OPTION of a view
        "P0",  # RAISE, ASSERT, SELECT INTO STRICT in PL/pgSQL
    }
)

_ROW_CODES = frozenset({"54000"})
"""Too large for its index, or for jsonb."""

_CLASSES = frozenset(
    (
        *("00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "22"),
        *("23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40"),
        *("42", "44", "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX"),
    )
)
"""All there are: a code of another class is one that a user has made up."""

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
