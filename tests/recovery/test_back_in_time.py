"""The link heals itself in time (A02 to A05, contract 19 and 30): measured on real brokers, fault by fault.

The same with twenty outages of each fault is marked ``chaos``; `make chaos` keeps what it measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recovery import kept, namespace
from tests.recovery.fault import Fault
from tests.recovery.faults import ISOLATED, PROMPT, SILENT
from tests.recovery.measure import FULL, SHORT, Size, measure
from tests.recovery.verdict import row
from tests.recovery.wiretap import tapping


@pytest.fixture(autouse=True)
def tapped() -> Iterator[None]:
    """Clients dial through a tap."""
    with tapping():
        yield


@pytest.fixture
def isolation() -> None:
    """A network of our own, where this machine lets us have one."""
    if not namespace.allowed():
        pytest.skip("not allowed here: user and network namespaces")


async def broken(size: Size, folder: Path, *kinds: type[Fault]) -> list[str]:
    """The promises that were not kept, all faults side by side."""
    folders = [folder / kind.__name__ for kind in kinds]
    for place in folders:
        place.mkdir()
    runs = await asyncio.gather(*(measure(kind, size, one) for kind, one in zip(kinds, folders, strict=True)))
    rows = [row(kind, run) for kind, run in zip(kinds, runs, strict=True)]
    for kind, one in zip(kinds, rows, strict=True):
        print(one)
        if not size.short:
            kept.keep(kind.__name__, vars(one))
    return [words for one in rows for words in one.broken(size.late_s)]


@pytest.mark.needs("mosquitto")
async def test_back_where_attempts_fail_at_once(tmp_path: Path) -> None:
    """Refused, reset, killed, ended, busy: subscriptions live within 1.5 s at p95, nothing lost meanwhile."""
    assert await broken(SHORT, tmp_path, *PROMPT) == []


@pytest.mark.needs("mosquitto")
async def test_back_where_nobody_answers(tmp_path: Path) -> None:
    """Frozen, or accepted and silent: noticed in 1.5 keep alives, back within two attempt limits."""
    assert await broken(SHORT, tmp_path, *SILENT) == []


@pytest.mark.needs(*namespace.PROGRAMS)
@pytest.mark.usefixtures("isolation")
async def test_back_where_packets_or_names_are_gone(tmp_path: Path) -> None:
    """The kernel drops every packet, the name server is gone or silent: the same promises."""
    assert await broken(SHORT, tmp_path, *ISOLATED) == []


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("kind", [*PROMPT, *SILENT], ids=lambda kind: kind.__name__)
async def test_back_twenty_times(tmp_path: Path, kind: type[Fault]) -> None:
    """The promises, on twenty outages of this fault."""
    assert await broken(FULL, tmp_path, kind) == []


@pytest.mark.chaos
@pytest.mark.needs(*namespace.PROGRAMS)
@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize("kind", ISOLATED, ids=lambda kind: kind.__name__)
async def test_back_twenty_times_in_a_network_of_its_own(tmp_path: Path, kind: type[Fault]) -> None:
    """The promises, on twenty outages of this fault."""
    assert await broken(FULL, tmp_path, kind) == []
