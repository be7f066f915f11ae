"""Who watches the line in one run, and what follows (contract 13, 15)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Limits
from holdfast.client.late_dead import LateDead
from holdfast.client.line_watch import LineWatch
from tests.unit.client.consuming import delivery


@pytest.fixture
def url() -> Iterator[str]:
    """Nobody answers there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"mqtt://127.0.0.1:{taken.getsockname()[1]}"


async def watching(client: Client, check: Any) -> None:
    async with client:
        assert client._core is not None
        line: LineWatch = client._core.line
        assert line.age_s == 0
        check(client._core, line)


async def test_with_a_file_it_is_kept_there(url: str, tmp_path: Path) -> None:
    """Handlers, what nobody takes, and dead letters: all know of the file."""

    def check(core: Any, line: LineWatch) -> None:
        assert line._overdue is not None
        assert core.consumers.parking is core.consumers.endings.store is line._parking is not None

    await watching(Client(url, outbox=tmp_path / "kept.db"), check)


async def test_without_one_nothing_is_watched(url: str) -> None:
    """The line waits, and the default costs nothing."""

    def check(core: Any, line: LineWatch) -> None:
        assert (line._overdue, line._parking, core.consumers.parking) == (None, None, None)

    await watching(Client(url, client_id="a"), check)


async def test_unless_it_may_be_given_up(url: str) -> None:
    """Handlers are asked whether what fails is theirs any more."""

    def check(core: Any, line: LineWatch) -> None:
        assert line._overdue is not None
        assert isinstance(core.consumers.endings.given_up.__self__, LateDead)
        assert not core.consumers.endings.given_up(delivery("t", ""))

    await watching(Client(url, client_id="a", limits=Limits(overdue="dead_letter")), check)
