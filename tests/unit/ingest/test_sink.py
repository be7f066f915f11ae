"""The values that cross the port of every database."""

from __future__ import annotations

from holdfast.ingest.sink import Batch, Sink, Written
from holdfast.ingest.sqlite import SqliteSink


def test_values_compare_by_what_they_hold() -> None:
    """A batch and its result are values: equal when equal, never changed."""
    none = [("a",)].__getitem__
    assert Batch(1, [("a",)], none) == Batch(1, [("a",)], none)
    assert Written(1, 2, 3) != Written(1, 2, 4)


def test_sqlite_fills_the_port() -> None:
    """A type checker accepts it as a Sink; this line would not compile otherwise."""
    sink: Sink = SqliteSink("never-opened.db")
    assert sink.target == "never-opened.db"
