"""What PostgreSQL says is the row's affair or the database's, and each has a next step."""

from __future__ import annotations

import pytest

from holdfast.ingest.postgres.errors import DATA, DatabaseSaid, sink_error


@pytest.mark.parametrize("code", ["22003", "22P02", "23502", "23514", "44000", "54000", DATA])
def test_some_errors_are_the_rows(code: str) -> None:
    """No attempt will ever store it: data exceptions, constraints, sizes."""
    assert DatabaseSaid("no", code).of_the_row


@pytest.mark.parametrize(
    "code", ["20000", "21000", "2F005", "38000", "P0001", "P0002", "P0003", "P0004", "ZZ001", "MY042"]
)
def test_what_a_function_finds_is_the_rows(code: str) -> None:
    """RAISE, ASSERT, STRICT, a CASE without a branch, and codes that its author has made up."""
    assert DatabaseSaid("no", code).of_the_row


def test_a_function_may_raise_what_the_server_says_else() -> None:
    """The same code is the row's only if RAISE has chosen it."""
    for code in ("42501", "55000", "0A000"):
        assert DatabaseSaid("no", code, raised=True).of_the_row
        assert not DatabaseSaid("no", code).of_the_row


@pytest.mark.parametrize("code", ["08006", "40001", "53100", "55P03", "57014", "58030", "XX001"])
def test_what_may_pass_later_is_never_the_rows(code: str) -> None:
    """Even where a function says it: it asks for another attempt."""
    assert not DatabaseSaid("no", code, raised=True).of_the_row


@pytest.mark.parametrize("code", ["", "08006", "40P01", "42501", "42P01", "53100", "55P03", "57014", "XX000"])
def test_the_others_are_the_databases(code: str) -> None:
    """The same row may pass later: nothing is set aside for a disk that is full."""
    assert not DatabaseSaid("no", code).of_the_row


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (DatabaseSaid("connection refused"), "look whether the server runs"),
        (DatabaseSaid('FATAL: password authentication failed for user "me"'), "PGPASSWORD"),
        (DatabaseSaid('FATAL: database "plant" does not exist'), "createdb"),
        (DatabaseSaid("terminating connection", "57P01"), "stops or starts"),
        (DatabaseSaid("permission denied", "42501"), "grant INSERT"),
        (DatabaseSaid("could not extend file", "53100"), "make room"),
        (DatabaseSaid("canceling statement due to lock timeout", "55P03"), "pg_stat_activity"),
        (DatabaseSaid("read-only transaction", "25006"), "name the primary"),
    ],
)
def test_a_refusal_has_a_next_step(said: DatabaseSaid, hint: str) -> None:
    """Its words stand in the sentence with the name of the database, what to do in the hint."""
    error = sink_error(said, "postgresql://db.example/plant")
    assert str(error).startswith(f"postgresql://db.example/plant cannot be written: {said.words}")
    assert hint in str(error.hint)


def test_what_nobody_knows_has_no_hint() -> None:
    """A wrong hint is worse than none."""
    assert sink_error(DatabaseSaid("odd", "XX000"), "x").hint is None
