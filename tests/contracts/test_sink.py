"""What every sink does with a batch: whole, once, and nothing told before it is so."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from holdfast.ingest.errors import SinkError
from holdfast.ingest.sink import Memory, Refused, Sink, Written
from holdfast.ingest.table import Column, Table
from tests.contracts.sinks import AT, Place, batch, of_rows, row
from tests.support.sink_writer import Writer

Open = Callable[..., Awaitable[Sink]]

TOPICS = "SELECT topic FROM messages ORDER BY id"
QUARANTINE = "SELECT topic, reason FROM messages_quarantine ORDER BY id"


async def test_a_batch_is_there_when_write_returns(place: Place, opened: Open) -> None:
    """Returned = committed: another connection sees the rows, in order, and ids rise in it."""
    sink = await opened()
    topics = [f"t/{number}" for number in range(300)]
    assert await sink.write(batch(1, *topics[:200])) == Written(200, 0, 0)
    assert place.execute(TOPICS) == [(topic,) for topic in topics[:200]]
    await sink.write(batch(2, *topics[200:]))
    assert place.execute(TOPICS) == [(topic,) for topic in topics]


async def test_number_and_state_are_remembered_with_the_rows(place: Place, opened: Open) -> None:
    """For this session, in the next process too; another session begins without."""
    sink = await opened()
    await sink.write(batch(1, "a"))
    await sink.write(batch(2, "b", state="it's \\ %s"))
    assert await sink.open("me") == Memory(2, "it's \\ %s")
    assert await sink.open("other") == Memory()
    again = place.sink()
    assert await again.open("me") == Memory(2, "it's \\ %s")
    await again.close()


async def test_a_sink_that_was_closed_may_be_opened_again(place: Place, opened: Open) -> None:
    """The next run goes on where the last one was; to close twice is no error."""
    sink = await opened()
    await sink.write(batch(1, "a"))
    for _ in range(2):
        await sink.close()
    assert await sink.open("me") == Memory(1)
    await sink.write(batch(2, "b"))
    assert place.execute(TOPICS) == [("a",), ("b",)]


async def test_a_batch_may_have_nothing_but_a_state(place: Place, opened: Open) -> None:
    """It is remembered in place of the one before."""
    sink = await opened()
    await sink.write(batch(1, "a", state="s"))
    assert await sink.write(batch(2)) == Written(0, 0, 0)
    assert await sink.open("me") == Memory(2, "")


async def test_a_commit_that_failed_and_happened_is_not_repeated(place: Place, opened: Open) -> None:
    """The error came after the commit: written again, the batch is recognised, with its counts."""
    sink = await opened()
    place.break_commit(sink, happened=True)
    bad = (Refused(row("bad"), "no number"),)
    with pytest.raises(SinkError):
        await sink.write(batch(1, "a", "b", refused=bad))
    assert await sink.write(batch(1, "a", "b", refused=bad)) == Written(2, 0, 1)
    await sink.write(batch(2, "c"))
    assert place.execute(TOPICS) == [("a",), ("b",), ("c",)]
    assert place.execute(QUARANTINE) == [("bad", "no number")]


async def test_a_commit_that_failed_is_written_again(place: Place, opened: Open) -> None:
    """The error came instead of the commit: nothing is stored, the second attempt stores it all."""
    sink = await opened()
    place.break_commit(sink, happened=False)
    with pytest.raises(SinkError):
        await sink.write(batch(1, "a", state="s"))
    assert place.execute(TOPICS) == []
    assert await sink.write(batch(1, "a", state="s")) == Written(1, 0, 0)
    assert place.execute(TOPICS) == [("a",)]
    assert await sink.open("me") == Memory(1, "s")


async def test_a_unique_index_makes_repeats_harmless(place: Place, opened: Open) -> None:
    """A row the table holds already is counted, not stored and no error."""
    sink = await opened()
    place.execute("CREATE UNIQUE INDEX once ON messages (topic)")
    await sink.write(batch(1, "a"))
    assert await sink.write(batch(2, "a", "b", "b")) == Written(1, 2, 0)
    assert place.execute(TOPICS) == [("a",), ("b",)]


async def test_a_refused_row_stands_beside_the_table(place: Place, opened: Open) -> None:
    """A constraint of the user's stops these rows, not the batch; others keep their order."""
    sink = await opened()
    place.refuse("bad")
    topics = ["bad" if number in (0, 7, 8, 40) else f"t/{number}" for number in range(41)]
    assert await sink.write(batch(1, *topics)) == Written(37, 0, 4)
    assert place.execute(TOPICS) == [(topic,) for topic in topics if topic != "bad"]
    assert place.execute(QUARANTINE) == [("bad", "not here")] * 4
    assert await sink.open("me") == Memory(1)


async def test_what_makes_no_row_is_beside_the_table_at_once(place: Place, opened: Open) -> None:
    """It came in this batch, so it is there with this batch, as it came."""
    sink = await opened()
    refused = (Refused((AT, "bad", 2, True, b"\xff\0", '{"content_type":"x"}'), "no number"),)
    assert await sink.write(batch(1, "a", refused=refused)) == Written(1, 0, 1)
    assert await sink.write(batch(2, refused=refused)) == Written(0, 0, 1)
    assert (
        place.execute("SELECT topic, qos, payload, reason FROM messages_quarantine")
        == [("bad", 2, b"\xff\0", "no number")] * 2
    )


COLUMNS = (
    Column("s", "text"),
    Column("i", "int"),
    Column("r", "real"),
    Column("b", "bool"),
    Column("at", "time"),
    Column("j", "json"),
    Column("raw", "blob"),
    Column("it", "any"),
)
NULLS = (None,) * len(COLUMNS)


async def test_each_type_keeps_its_values(place: Place, opened: Open) -> None:
    """What stands there is what was written; every column that is not required takes null."""
    sink = await opened(Table("kinds", COLUMNS))
    values = ("ä\t\n\\N", -(2**63), 0.1, True, AT, '{"a": [1, null]}', bytes(range(256)), b"\0")
    assert await sink.write(of_rows(1, [values, NULLS])) == Written(2, 0, 0)
    assert place.execute("SELECT s, i, r, b, raw, it FROM kinds WHERE s IS NOT NULL") == [
        (*values[:4], *values[6:])
    ]
    ((at, json),) = place.execute("SELECT at, j FROM kinds WHERE s IS NOT NULL")
    assert (at if isinstance(at, datetime) else datetime.fromisoformat(at)) == AT
    assert json in ('{"a": [1, null]}', {"a": [1, None]})


@pytest.mark.parametrize(
    "never",
    [(None, 2**63), (None, 10**5000 if sys.flags.int_max_str_digits else 2**64), ("\ud800", None)],
    ids=["past 64 bits", "a number of 5000 digits", "half a surrogate"],
)
async def test_what_never_fits_is_beside_the_table(
    place: Place, opened: Open, never: tuple[str | None, int | None]
) -> None:
    """A value that no attempt will ever store is no reason to try for ever."""
    sink = await opened(Table("kinds", COLUMNS))
    bad = (*never, *NULLS[2:])
    assert await sink.write(of_rows(1, [NULLS, bad, NULLS])) == Written(2, 0, 1)
    ((topic, reason),) = place.execute("SELECT topic, reason FROM kinds_quarantine")
    assert topic == "row 1"
    assert reason


async def test_a_database_that_was_away_is_written_when_it_is_back(place: Place, opened: Open) -> None:
    """Meanwhile every attempt is a SinkError that names it; then the same batch is stored, once."""
    sink = await opened()
    await sink.write(batch(1, "a"))
    async with place.away():
        for _ in range(2):
            with pytest.raises(SinkError) as caught:
                await sink.write(batch(2, "b"))
            assert caught.value.target == sink.target
            assert caught.value.hint
    assert await sink.write(batch(2, "b")) == Written(1, 0, 0)
    assert place.execute(TOPICS) == [("a",), ("b",)]


async def test_a_killed_writer_leaves_whole_batches(place: Place, opened: Open) -> None:
    """kill -9 in the middle: what had returned is there, nothing is half there, the number fits."""
    for life in range(3):
        told = await Writer(place.address).until(10 + 7 * life)
        sink = await opened()
        memory = await sink.open("writer")
        assert memory.number >= told
        assert memory.state == f"state {memory.number}"
        assert place.execute("SELECT topic, count(*) FROM messages GROUP BY topic HAVING count(*) <> 3") == []
        assert place.execute("SELECT count(*) FROM messages") == [(3 * memory.number,)]
