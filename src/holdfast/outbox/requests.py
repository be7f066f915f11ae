"""What another process asks of the owner of the file (contract 26).

Somebody at a console never writes under a running gateway: the request is a row in ``request``, and the
owner carries it out and answers, in one transaction.

=======================  ==========================================  ==========================
verb                     what it asks for                            ids
=======================  ==========================================  ==========================
``retry``                parked and deferred messages are sent now   sequence numbers
``purge``                unsent messages are given up                sequence numbers
``deadletter retry``     dead letters are accepted again; those that  numbers of dead letters
                         came in are held again
``deadletter purge``     dead letters are deleted                    numbers of dead letters
=======================  ==========================================  ==========================
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from holdfast.outbox.tables import transaction
from holdfast.values import Frozen

VERBS = ("retry", "purge", "deadletter retry", "deadletter purge")

KEPT = 100
"""Answered requests that are kept, so that whoever asked can read the answer."""


class Request(Frozen):
    """One request that is not answered; ``ids`` None: all there are."""

    __match_args__ = ("number", "verb", "ids")
    __slots__ = __match_args__

    def __init__(self, number: int, verb: str, ids: list[int] | None) -> None:
        self.number = number
        self.verb = verb
        self.ids = ids


def ask(db: sqlite3.Connection, verb: str, ids: Sequence[int] | None = None) -> int:
    """Leave a request, in a transaction of its own; gives its number. Raises sqlite3.Error."""
    arguments = json.dumps({"all": True} if ids is None else {"ids": list(ids)})
    with transaction(db):
        done = db.execute("INSERT INTO request (verb, arguments) VALUES (?, ?)", (verb, arguments))
    return int(done.lastrowid or 0)


def open_requests(db: sqlite3.Connection) -> list[Request]:
    """Those without an answer, in the order they were made."""
    found = db.execute("SELECT number, verb, arguments FROM request WHERE answer IS NULL ORDER BY number")
    return [Request(number, verb, _ids(arguments)) for number, verb, arguments in found.fetchall()]


def _ids(arguments: str) -> list[int] | None:
    """Arguments that cannot be read, written by some other hand, name nothing."""
    try:
        said = json.loads(arguments)
        return None if said.get("all") is True else [int(one) for one in said["ids"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def answer(db: sqlite3.Connection, number: int, said: dict[str, Any]) -> None:
    """Answer a request, with the transaction that is open: ``{"done": n}``, or ``{"error": sentence}``."""
    db.execute("UPDATE request SET answer = ? WHERE number = ?", (json.dumps(said), number))
    db.execute(
        "DELETE FROM request WHERE answer IS NOT NULL AND number NOT IN"
        " (SELECT number FROM request WHERE answer IS NOT NULL ORDER BY number DESC LIMIT ?)",
        (KEPT,),
    )


def answer_of(db: sqlite3.Connection, number: int) -> dict[str, Any] | None:
    """The answer to this request; None: not yet, or it is so old that it was deleted."""
    found = db.execute("SELECT answer FROM request WHERE number = ?", (number,)).fetchone()
    answer: dict[str, Any] | None = json.loads(found[0]) if found and found[0] else None
    return answer
