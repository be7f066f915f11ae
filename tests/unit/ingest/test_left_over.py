"""What the outbox file has from before: taken over by the ingest that wants it, or said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.client.events import Event, LeftOver
from holdfast.ingest.left_over import CLAIMED, claim, warn
from holdfast.ingest.notes import Notes
from holdfast.outbox.intake import UNCLAIMED, Held
from holdfast.outbox.sqlite import SqliteOutbox
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import open_outbox

OURS = Notes("ingest vitals", ["v/{bed}"])


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    made = open_outbox(tmp_path / "o.db")
    yield made
    made.close()


def hold(outbox: SqliteOutbox, owner: str, *topics: str, key: str | None = None) -> None:
    """These are in the file."""
    wait(outbox, outbox.intake.hold([Held(0, owner, topic, topic.encode(), key=key) for topic in topics]))


def claimed(outbox: SqliteOutbox) -> None:
    """The ingest has begun."""

    async def reached(commit: int) -> None:
        await asyncio.to_thread(wait, outbox, commit)

    asyncio.run(claim(outbox.intake, OURS, reached))


def test_what_nobody_wanted_goes_behind_what_is_spooled(outbox: SqliteOutbox) -> None:
    """Under new numbers, each once; what is of no topic of ours stays."""
    hold(outbox, UNCLAIMED, "v/1", "other", "v/2")
    hold(outbox, OURS.owner, "v/3", key="0  0")
    claimed(outbox)
    found = outbox.intake.read(OURS.owner, 0, 100)
    assert [(one.number, one.topic) for one in found] == [(4, "v/3"), (5, "v/1"), (6, "v/2")]
    assert [OURS.message(one).captures for one in found][1:] == [{"bed": "1"}, {"bed": "2"}]
    assert [one.topic for one in outbox.intake.read(UNCLAIMED, 0, 100)] == ["other"]
    assert (outbox.intake.count(OURS.owner), outbox.intake.count(UNCLAIMED)) == (3, 1)


def test_killed_in_between_it_is_done_the_next_time(outbox: SqliteOutbox) -> None:
    """Claimed, and not yet renumbered: nobody else takes it, and it is no ingest that is missing."""
    hold(outbox, OURS.owner + CLAIMED, "v/1")
    claimed(outbox)
    claimed(outbox)
    assert [one.number for one in outbox.intake.read(OURS.owner, 0, 100)] == [2]


def test_what_is_not_among_ours_is_said(outbox: SqliteOutbox) -> None:
    """With the file, how many, and whose; handlers have rows of their own, which are no matter of ours."""
    hold(outbox, "ingest renamed", "v/1", "v/2", key="0  0")
    hold(outbox, OURS.owner, "v/3", key="0  0")
    hold(outbox, OURS.owner + CLAIMED, "v/3")
    hold(outbox, "v/#", "v/4")
    told: list[tuple[Event, int]] = []
    warn(outbox.intake, [OURS.owner], "o.db", lambda *one: told.append(one))
    ((event, level),) = told
    assert isinstance(event, LeftOver)
    assert (event.owner, event.count, level) == ("ingest renamed", 2, logging.WARNING)
    assert event.message.startswith("2 messages are kept in o.db for ingest renamed, which is not among")
