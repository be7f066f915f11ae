"""What every sink does with tables: made once, widened, never damaged; and what makes two rows one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from holdfast.ingest.errors import SinkError
from holdfast.ingest.sink import Memory, Sink, Written
from holdfast.ingest.table import AS_IT_CAME, Column, Keep, Table
from tests.contracts.sinks import Place, batch, of_rows, row

Open = Callable[..., Awaitable[Sink]]

PAIRS = (Column("device", "text"), Column("value", "int"))


def pairs(keep: Keep, *key: str) -> Table:
    """A table of pairs with this key."""
    return Table("pairs", PAIRS, key=key or ("device",), keep=keep)


@pytest.mark.parametrize(("keep", "kept"), [("first", [1, 1]), ("last", [3, 1])])
async def test_rows_with_one_key_are_one(place: Place, opened: Open, keep: Keep, kept: list[int]) -> None:
    """In one batch and over batches; counted as repeated, and in the place of the first."""
    sink = await opened(pairs(keep))
    assert await sink.write(of_rows(1, [("a", 1), ("b", 1), ("a", 2)])) == Written(2, 1, 0)
    assert await sink.write(of_rows(2, [("a", 3)])) == Written(0, 1, 0)
    assert place.execute("SELECT device, value FROM pairs ORDER BY id") == [("a", kept[0]), ("b", kept[1])]


@pytest.mark.parametrize("keep", ["first", "last"])
async def test_every_row_is_counted_once(place: Place, opened: Open, keep: Keep) -> None:
    """Stored, repeated and quarantined are exact where all of them come in one batch."""
    sink = await opened(pairs(keep))
    await sink.write(of_rows(1, [("a", 1), ("b", 1)]))
    rows = [("a", 2), ("c", 1), ("a", 3), ("c", 2), ("d", 2**63), ("e", 1), ("b", 2)]
    assert await sink.write(of_rows(2, rows)) == Written(2, 4, 1)
    values = {"first": [1, 1, 1, 1], "last": [3, 2, 2, 1]}[keep]
    assert place.execute("SELECT device, value FROM pairs ORDER BY id") == list(
        zip("abce", values, strict=True)
    )


@pytest.mark.parametrize("keep", ["first", "last"])
async def test_rows_without_a_key_are_all_different(place: Place, opened: Open, keep: Keep) -> None:
    """Null is not the same as null."""
    sink = await opened(pairs(keep, "device", "value"))
    rows = [(None, 1), ("a", None), (None, 1), ("a", None), (None, None), ("a", 1), ("a", 1)]
    assert await sink.write(of_rows(1, rows)) == Written(6, 1, 0)
    assert place.execute("SELECT device, value FROM pairs ORDER BY id") == rows[:6]


async def test_a_key_holds_against_other_writers(place: Place, opened: Open) -> None:
    """It is in the table."""
    await opened(pairs("first"))
    place.execute("INSERT INTO pairs (device, value) VALUES ('a', 1)")
    with pytest.raises(Exception, match=r"(?i)unique"):
        place.execute("INSERT INTO pairs (device, value) VALUES ('a', 2)")


async def test_a_new_column_is_added(place: Place, opened: Open) -> None:
    """Rows that are there have null in it, and keep what they have."""
    await (await opened()).write(batch(1, "a"))
    wider = await opened(Table(columns=(*AS_IT_CAME, Column("line", "text"))))
    await wider.write(of_rows(2, [(*row("b"), "7")]))
    assert place.execute("SELECT topic, line FROM messages ORDER BY id") == [("a", None), ("b", "7")]


async def test_a_table_of_another_kind_is_left_alone(place: Place) -> None:
    """One sentence says what it lacks; nothing is added to it, and nothing beside it."""
    place.execute("CREATE TABLE messages (id integer, topic text, text text)")
    sink = place.sink(Table(columns=(*AS_IT_CAME, Column("line", "text"))))
    with pytest.raises(SinkError, match=r"messages.*of another kind.*without.*received") as caught:
        await sink.open("me")
    assert caught.value.hint
    await sink.close()
    place.execute("INSERT INTO messages VALUES (1, 'a', 'b')")
    assert place.execute("SELECT * FROM messages") == [(1, "a", "b")]
    with pytest.raises(Exception, match="holdfast"):
        place.execute("SELECT * FROM holdfast")


async def test_what_a_newer_release_wrote_is_refused(place: Place, opened: Open) -> None:
    """The sentence has both numbers; nothing is changed."""
    await opened()
    place.execute("UPDATE holdfast SET value = '99' WHERE key = 'schema'")
    newer = place.sink(Table(columns=(*AS_IT_CAME, Column("line", "text"))))
    with pytest.raises(SinkError, match="schema 99, here 1"):
        await newer.open("me")
    await newer.close()
    with pytest.raises(Exception, match="line"):
        place.execute("SELECT line FROM messages")


async def test_names_are_only_names(place: Place, opened: Open) -> None:
    """Keywords, quotes, percent signs and blanks in the names of tables and columns mean nothing."""
    columns = (Column("order", "text"), Column('100% "sure"', "int"), Column("%s", "any"))
    table = Table('se"lect %s', columns, key=("order",), keep="last")
    sink = await opened(table)
    assert await sink.write(of_rows(1, [("a", 1, b"x"), ("a", 2, b"y")])) == Written(1, 1, 0)
    assert place.execute('SELECT "order", "100% ""sure""", "%s" FROM "se""lect %s"') == [("a", 2, b"y")]


async def test_two_that_open_at_once_do_not_clash(place: Place) -> None:
    """Each finds the tables made, by itself or by another."""
    sinks = [place.sink(pairs("first")) for _ in range(8)]
    try:
        assert await asyncio.gather(*(sink.open(f"s{n}") for n, sink in enumerate(sinks))) == [Memory()] * 8
    finally:
        for sink in sinks:
            await sink.close()


async def test_a_foreign_quarantine_is_refused_at_the_start(place: Place) -> None:
    """Found with the first misfit, it would hold up all rows behind that; it stays as it is."""
    place.execute("CREATE TABLE messages_quarantine (id integer PRIMARY KEY, note text)")
    sink = place.sink()
    with pytest.raises(SinkError, match=r"messages_quarantine.*of another kind.*without.*received") as caught:
        await sink.open("me")
    assert caught.value.hint
    await sink.close()
    place.execute("INSERT INTO messages_quarantine VALUES (1, 'mine')")
    assert place.execute("SELECT * FROM messages_quarantine") == [(1, "mine")]
