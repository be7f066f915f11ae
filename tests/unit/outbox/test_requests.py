"""What a person at a console asks of a running gateway (contract 26)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from holdfast.outbox import requests, tables
from holdfast.outbox.requests import KEPT, Request


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    tables.create(db, "gateway-7", 0)
    yield db
    db.close()


def test_a_request_waits_for_its_answer(db: sqlite3.Connection) -> None:
    """Open in the order they were made, for these ids or for all, until they are answered."""
    one = requests.ask(db, "purge", [7, 9])
    two = requests.ask(db, "deadletter retry")
    assert requests.open_requests(db) == [
        Request(one, "purge", [7, 9]),
        Request(two, "deadletter retry", None),
    ]
    assert requests.answer_of(db, one) is None
    requests.answer(db, one, {"done": 2})
    requests.answer(db, two, {"error": "the disk is full"})
    assert requests.open_requests(db) == []
    assert requests.answer_of(db, one) == {"done": 2}
    assert requests.answer_of(db, two) == {"error": "the disk is full"}


def test_the_newest_answers_are_kept(db: sqlite3.Connection) -> None:
    """Whoever asked has read the older ones; a request that is open is never deleted."""
    waiting = requests.ask(db, "retry", [1])
    asked = [requests.ask(db, "retry", [1]) for _ in range(KEPT + 3)]
    for number in asked:
        requests.answer(db, number, {"done": 0})
    assert [requests.answer_of(db, number) for number in asked] == [None] * 3 + [{"done": 0}] * KEPT
    assert [request.number for request in requests.open_requests(db)] == [waiting]
    assert requests.ask(db, "retry") > asked[-1]


@pytest.mark.parametrize("arguments", ["", "[]", "{}", '{"ids": 3}', '{"ids": ["x"]}', '{"all": 1}', "\0"])
def test_arguments_that_mean_nothing_name_nothing(db: sqlite3.Connection, arguments: str) -> None:
    """Some other hand wrote them: never taken for all."""
    db.execute("INSERT INTO request (verb, arguments) VALUES ('purge', ?)", (arguments,))
    assert [request.ids for request in requests.open_requests(db)] == [[]]


def test_a_request_that_cannot_be_left_is_said(db: sqlite3.Connection) -> None:
    """Nothing is left half."""
    db.execute("DROP TABLE request")
    with pytest.raises(sqlite3.OperationalError):
        requests.ask(db, "retry")
    assert not db.in_transaction
