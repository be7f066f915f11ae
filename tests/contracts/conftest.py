"""An outbox of each kind on a clock of its own, for the suites about rows that wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.outbox import backlog
from tests.contracts.bench import Bench
from tests.contracts.outboxes import BUILD

KINDS = (*BUILD, "spilling")
"""``spilling``: in a file, of which memory holds hardly anything."""


@pytest.fixture(params=KINDS)
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Bench]]:
    """Makes an outbox with these options; closed behind the test."""
    kind = request.param
    if kind == "spilling":
        monkeypatch.setattr(backlog, "READY_ROWS", 2)
        monkeypatch.setattr(backlog, "BATCH_ROWS", 3)
        kind = "sqlite"
    made: list[Bench] = []

    def make(**options: object) -> Bench:
        made.append(Bench(BUILD[kind], tmp_path, options))
        return made[-1]

    yield make
    for one in made:
        one.check()
        assert one.outbox.close(10)
