"""Ingests, killed and stopped at any time: each message has its row, and the books are true (contract 6, 17).

A seed replays its history, but for the order of tasks that end at one moment, which is that of a set.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from holdfast.ingest import Memory, Written, service
from holdfast.ingest.desk import Attempt
from holdfast.ingest.draft import Draft
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.notes import Notes
from holdfast.ingest.pipeline import Pipeline
from holdfast.ingest.spool import Spool
from holdfast.ingest.stopping import Stopping
from tests.simulation.consuming.history import wrong
from tests.simulation.storing.world import World

CHUNK = 25


@pytest.mark.parametrize("first", range(0, 50, 5))
def test_each_message_has_its_row(first: int, tmp_path: Path) -> None:
    """Exactly one where it must; nothing is left anywhere, no stop takes too long, and the books are true."""
    assert wrong(World, range(first, first + 5), tmp_path) == []


@pytest.mark.chaos
@pytest.mark.parametrize("first", range(1000, 3000, CHUNK))
def test_the_same_in_many_more_histories(first: int, tmp_path: Path) -> None:
    """2,000 of them."""
    assert wrong(World, range(first, first + CHUNK), tmp_path) == []


# -- planted bugs ------------------------------------------------------------------------------


async def _another(self: Attempt, timeout_s: float) -> Written | None:
    if self._under_way.done():
        self._under_way = self._begun()
    return await self.outcome(timeout_s)


async def _none(*_: Any) -> None:
    """Nothing is claimed."""


_stored = Pipeline._store


async def _at_once(self: Pipeline, draft: Draft) -> None:
    self._feed.finish(draft.count)
    draft.count = 0
    await _stored(self, draft)


async def _however_long(self: Stopping, asked: Awaitable[Any]) -> Any:
    return await asked


def _past(self: Spool, tried: Iterable[int], memory: Memory) -> None:
    self._desk.number = max(self._desk.number, *tried, 0)


def _nothing(*_: Any) -> None:
    """Nothing."""


def _zero(*_: Any) -> int:
    return 0


def _no(*_: Any) -> bool:
    return False


PLANTED: dict[str, tuple[int, Any, str, Callable[..., Any]]] = {
    "acknowledged before it is stored": (10, Pipeline, "_store", _at_once),
    "what was written is written again": (24, Attempt, "again", _another),
    "what is unclaimed stays nobody's": (52, service, "claim", _none),
    "a stop waits for the sink without end": (3, Stopping, "answer", _however_long),
    "the batch that failed is not known again": (34, Notes, "tried", _zero),
    "what is stored is stored again": (17, Spool, "_is_stored", _no),
    "what is in the spool is not known": (75, Identifiers, "found", _nothing),
    "what was stored before is booked as spooled": (5, Spool, "_book", _nothing),
    "what comes behind the batch that failed proves it": (19, Spool, "_pass_over", _past),
}
"""Where it is, and the seed from which on it is looked for."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the histories meet what each rule is for."""
    first, owner, name, instead = PLANTED[bug]
    monkeypatch.setattr(owner, name, instead)
    assert wrong(World, range(first, first + 50), tmp_path)
