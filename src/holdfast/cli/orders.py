"""What a person wants done in an outbox file: by its owner, or where nobody owns it by us (contract 26)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from time import monotonic, sleep
from typing import Any

from holdfast.cli.export import messages
from holdfast.cli.failures import Code
from holdfast.cli.render import Screen
from holdfast.cli.words import count, short
from holdfast.client.clock import SystemClock
from holdfast.errors import ConfigurationError, HoldfastError, OutboxLocked
from holdfast.outbox import requests, sqlite_file
from holdfast.outbox.copies import hand_over
from holdfast.outbox.reading import check_same_format, check_there
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.values import Value

POLL_S = 0.05

_OTHERS = {
    "retry": "are in the line already, in flight, or have ended",
    "purge": "are in flight, or have ended",
    "deadletter retry": "are no dead letters, or no longer",
    "deadletter purge": "are no dead letters, or no longer",
}

Answer = dict[str, Any]
Meanwhile = Callable[[], object]


class Order(Value):
    """What is wanted: a verb of ``outbox.requests``, of these numbers; ``ids`` None: of all there are."""

    __match_args__ = ("verb", "ids")
    __slots__ = __match_args__

    def __init__(self, verb: str, ids: list[int] | None) -> None:
        self.verb = verb
        self.ids = ids


def ordered(verb: str, numbers: Sequence[int] | None, everything: bool) -> Order:
    """What was typed. Raises ConfigurationError: it is numbers, or everything, one of the two."""
    if bool(numbers) == everything:
        raise ConfigurationError(f"{verb} what?", hint="name the numbers that list shows, or say --all")
    return Order(verb, list(dict.fromkeys(numbers)) if numbers else None)


class Outcome(Value):
    """The ``answer``, None: none in time; and who is the file's ``owner``, None: nobody."""

    __match_args__ = ("answer", "owner", "took_s")
    __slots__ = __match_args__

    def __init__(self, answer: Answer | None, owner: str | None, took_s: float) -> None:
        self.answer = answer
        self.owner = owner
        self.took_s = took_s


def order(file: str, wanted: Order, timeout_s: float, screen: Screen) -> int:
    """0: all of it was done; 1: less of it, or nobody has said so in time. Raises OutboxError."""
    path = sqlite_file.resolve(file)
    check_there(path)
    began, owner = monotonic(), None
    try:
        answer = _carry_out(path, wanted, timeout_s)
    except OutboxLocked as locked:
        owner = f"pid {locked.pid}" if locked.pid else "pid unknown"
        answer = _ask(path, wanted, timeout_s, lambda: None)
    return _tell(wanted, Outcome(answer, owner, monotonic() - began), screen)


def _carry_out(path: str, wanted: Order, timeout_s: float) -> Answer | None:
    """As its owner. Raises OutboxError, and OutboxLocked where there is one."""
    clock = SystemClock()
    outbox = SqliteOutbox(path, clock, max_bytes=None, max_held_bytes=None)
    outbox.open()
    try:
        return _ask(path, wanted, timeout_s, lambda: outbox.sweep(clock.now()))
    finally:
        outbox.close(timeout_s)
        hand_over(path)


def _ask(path: str, wanted: Order, timeout_s: float, meanwhile: Meanwhile) -> Answer | None:
    """The answer; None: not in time. Raises OutboxError."""
    deadline = monotonic() + timeout_s
    try:
        with closing(sqlite_file.connect(path)) as db:
            db.execute(f"PRAGMA busy_timeout={round(timeout_s * 1000)}")
            check_same_format(path, *db.execute("PRAGMA user_version").fetchone())
            number = requests.ask(db, wanted.verb, wanted.ids)
            while (answer := requests.answer_of(db, number)) is None and monotonic() < deadline:
                meanwhile()
                sleep(POLL_S)
            return answer
    except sqlite3.Error as error:
        raise sqlite_file.refused(error, path) from error


def _tell(wanted: Order, outcome: Outcome, screen: Screen) -> int:
    answer, owner, took = outcome.answer, outcome.owner, short(outcome.took_s)
    where = f"left in the file for its owner ({owner}), " if owner else ""
    record: dict[str, Any] = {"event": wanted.verb, "owner": owner, "took_s": round(outcome.took_s, 3)}
    if answer is None:
        sentence = f"{where}not done after {took}: it stays there until it is"
        screen.result(record | {"done": None}, sentence, "yellow")
        return Code.FAILED
    if "error" in answer:
        raise HoldfastError(f"{where}refused after {took}: {answer['error']}")
    done = int(answer["done"])
    asked = done if wanted.ids is None else len(wanted.ids)
    what = messages(done) if done == asked else f"{count(done)} of {messages(asked)}"
    screen.result(record | {"done": done}, f"{where}done {took} later: {what}", "green")
    if done < asked:
        screen.talk(f"the others {_OTHERS[wanted.verb]}")
    return Code.DONE if done == asked else Code.FAILED
