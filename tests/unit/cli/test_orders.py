"""What is wanted is left in the file for its owner, and how that is told (contract 26)."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from holdfast.cli.orders import Order, order, ordered
from holdfast.errors import ConfigurationError, HoldfastError, OutboxError, OutboxUnwritable
from holdfast.outbox import requests, sqlite_file, tables
from holdfast.outbox.lock import OwnerLock
from tests.unit.cli.outboxes import JSON, PLAIN, objects, owned
from tests.unit.outbox.files import query

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    owned(tmp_path / "gateway.db").close(10)
    return tmp_path / "gateway.db"


@contextmanager
def answering(path: Path, said: dict[str, Any] | None) -> Iterator[None]:
    """Somebody owns the file, who answers whatever is asked with this; None: never."""
    lock, over = OwnerLock(str(path)), Event()
    thread = Thread(target=_answer, args=(path, said, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        lock.release()


def _answer(path: Path, said: dict[str, Any] | None, over: Event) -> None:
    with closing(sqlite_file.connect(str(path))) as db:
        while said is not None and not over.is_set():
            for request in requests.open_requests(db):
                with tables.transaction(db):
                    requests.answer(db, request.number, said)
            time.sleep(0.005)


def asked(path: Path) -> list[tuple[str, Any]]:
    found = query(path, "SELECT verb, arguments FROM request")
    return [(verb, json.loads(arguments)) for verb, arguments in found]


PID = f"pid {os.getpid()}"


def test_it_is_done(path: Path, capsys: Capsys) -> None:
    """Whose file it is, how soon it was done, and how many it was."""
    with answering(path, {"done": 2}):
        assert order(str(path), ordered("retry", [5, 7, 5], False), 10, PLAIN) == 0
    form = rf"left in the file for its owner \({PID}\), done \d.* m?s later: 2 messages\n"
    assert re.fullmatch(form, capsys.readouterr().out)
    assert asked(path) == [("retry", {"ids": [5, 7]})]


def test_all_there_are(path: Path, capsys: Capsys) -> None:
    """However many that is, none included."""
    with answering(path, {"done": 0}):
        assert order(str(path), Order("deadletter purge", None), 10, JSON) == 0
    (found,) = objects(capsys)
    assert (found["event"], found["owner"], found["done"]) == ("deadletter purge", PID, 0)
    assert asked(path) == [("deadletter purge", {"all": True})]


def test_not_all_of_it_was_done(path: Path, capsys: Capsys) -> None:
    """Exit code 1; why that may be."""
    with answering(path, {"done": 1}):
        assert order(str(path), Order("purge", [5, 7]), 10, PLAIN) == 1
    found = capsys.readouterr()
    assert found.out.endswith("later: 1 of 2 messages\n")
    assert "in flight" in found.err


def test_it_is_refused(path: Path) -> None:
    """In the owner's words."""
    with (
        answering(path, {"error": "the disk is full"}),
        pytest.raises(HoldfastError, match=r"refused after .*: the disk is full"),
    ):
        order(str(path), Order("deadletter retry", [1]), 10, PLAIN)


def test_it_is_not_done_in_time(path: Path, capsys: Capsys) -> None:
    """Exit code 1; the request stays."""
    with answering(path, None):
        assert order(str(path), Order("purge", [5]), 0.1, PLAIN) == 1
        assert "not done after" in capsys.readouterr().out
        assert order(str(path), Order("purge", [6]), 0.1, JSON) == 1
    (found,) = objects(capsys)
    assert found["done"] is None
    assert len(asked(path)) == 2


@pytest.mark.parametrize(("ids", "everything"), [([], False), ([1], True)])
def test_it_must_be_said_which(ids: list[int], everything: bool) -> None:
    """Numbers, or --all: one of the two."""
    with pytest.raises(ConfigurationError, match="purge what"):
        ordered("purge", ids, everything)


def test_a_file_of_another_format(path: Path) -> None:
    """Its owner is an older release, that knows of no requests: said, and nothing is written."""
    query(path, f"PRAGMA user_version={sqlite_file.FORMAT - 1}")
    with answering(path, None), pytest.raises(OutboxError, match="written by an older release"):
        order(str(path), Order("purge", [5]), 10, PLAIN)
    assert asked(path) == []


def test_a_file_that_cannot_be_written(path: Path) -> None:
    """Another program keeps it to itself for so long: said with what may be done."""
    db = sqlite3.connect(path, isolation_level=None)
    with answering(path, None):
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxUnwritable, match="database is locked"):
            order(str(path), Order("purge", [5]), 0.1, PLAIN)
    db.close()
