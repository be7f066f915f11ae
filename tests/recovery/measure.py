"""A fault, so many times: here, or in a child process that has a network of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.recovery import faults, namespace
from tests.recovery.fault import Fault
from tests.recovery.run import Plan, Run, Version, run
from tests.recovery.wiretap import tapping

VERSIONS: tuple[Version, Version] = ("5", "3.1.1")


class Size(NamedTuple):
    """``late_s``: what a loaded machine may add to a timer."""

    runs: int
    clients: int
    rate: int
    short: bool
    late_s: float


FULL = Size(runs=20, clients=1, rate=200, short=False, late_s=0)
"""Twenty outages, one after the other, of a client that has the machine to itself."""

SHORT = Size(runs=1, clients=20, rate=50, short=True, late_s=0.25)
"""One outage of twenty clients."""


async def measure(kind: type[Fault], size: Size, folder: Path) -> Run:
    """All runs as one; ``folder`` is for what brokers and clients keep."""
    if not kind.isolated:
        return await _measure(kind, size, folder)
    command = [*namespace.ENTER, sys.executable, "-m", __name__, kind.__name__, json.dumps(size), str(folder)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert child.returncode == 0, "see its standard error"
    return Run(**json.loads(said))


async def _measure(kind: type[Fault], size: Size, folder: Path) -> Run:
    chance, found = Random(kind.__name__), Run()
    lasts_s = kind.short_s if size.short else kind.lasts_s
    if kind.again_s is not None:
        times = 3 if size.short else size.runs
        return await run(
            kind(folder), folder, Plan(_versions(size, 0), lasts_s, size.rate, times, kind.again_s)
        )
    for number in range(size.runs):
        place = folder / str(number)
        place.mkdir()
        plan = Plan(_versions(size, number), lasts_s * chance.uniform(0.9, 1.1), size.rate)
        found += await run(kind(place), place, plan)
    return found


def _versions(size: Size, number: int) -> list[Version]:
    return [VERSIONS[(number + client) % 2] for client in range(size.clients)]


def main(name: str, size: str, folder: str) -> None:
    """In the child."""
    logging.getLogger("holdfast").addHandler(logging.NullHandler())
    namespace.settle(Path(folder))
    with tapping():
        found = asyncio.run(_measure(getattr(faults, name), Size(*json.loads(size)), Path(folder)))
    print(json.dumps(vars(found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
