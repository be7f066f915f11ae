"""``holdfast demo`` as it is seen: the timeline while it happens, the books at the end."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.cli.demo import report
from holdfast.cli.demo.brokers import choose
from holdfast.cli.demo.fleet import LOG
from holdfast.cli.demo.picture import Sample, picture
from holdfast.cli.demo.plan import plan
from holdfast.cli.demo.readings import GATEWAYS, client_id
from holdfast.cli.demo.run import RATE, Run
from holdfast.cli.failures import Code
from holdfast.cli.render import Screen
from holdfast.cli.running import interruptible
from holdfast.cli.words import count
from holdfast.ingest import SinkError

PARTS = ("", "-wal", "-shm", ".lock", ".reserve")
"""What stands beside a database, or an outbox, under its name."""

LIVE_EVERY_S = 0.1
USUAL_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoOptions:
    """How long, which faults, and where the rows go."""

    seconds: float = USUAL_S
    seed: int | None = None
    folder: str = "demo"
    built_in: bool = False


@dataclass(slots=True)
class Seen:
    """What the picture is made of."""

    samples: list[Sample] = field(default_factory=list)
    recoveries: list[report.Recovery] = field(default_factory=list)


async def demo(options: DemoOptions, screen: Screen) -> int:
    """0 when we kept every promise, 1 when not; no broker stays behind, however it ends."""
    return await interruptible(_demo(options, screen))


async def _demo(options: DemoOptions, screen: Screen) -> int:
    database, outboxes = _fresh(Path(options.folder))
    seed = options.seed if options.seed is not None else int(time.strftime("%Y%m%d"))
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as state:
        broker = choose(Path(state), own=options.built_in)
        screen.result(
            {
                "event": "begin",
                "broker": broker.name,
                "outboxes": str(outboxes),
                "database": str(database),
                "seed": seed,
            },
            f"holdfast demo · broker: {broker.name} on 127.0.0.1:{broker.port} · QoS 2 · outboxes {outboxes}"
            f" · into {database}\n"
            f"{GATEWAYS} gateways publish {RATE} readings/s for {options.seconds:g} s."
            " We break things; you watch.\n",
            "bold",
        )
        seen = Seen()
        async with Run(broker, database, outboxes, seed).started() as run:
            outcome = await _watched(run, options, seed, screen, seen)
    title = f"{GATEWAYS} gateways, {RATE} readings/s, {broker.name}: faults in red, stored catches up"
    drawing = Path(options.folder) / "outage.svg"
    drawing.write_text(picture(seen.samples, seen.recoveries, title), "utf-8")
    _conclude(outcome, options, database, drawing, seed, screen)
    return Code.DONE if outcome.good else Code.FAILED


async def _watched(run: Run, options: DemoOptions, seed: int, screen: Screen, seen: Seen) -> report.Outcome:
    def tell(recovery: report.Recovery) -> None:
        seen.recoveries.append(recovery)
        style = report.STYLES[recovery.fault.kind]
        screen.result(report.fault_record(recovery), report.fault_line(recovery), style)

    screen.result(
        {"event": "connected"}, report.entry(0, "link", "●", f"connected, MQTT {run.version}"), "green"
    )
    async with _live(run, screen, seen):
        await run.send(options.seconds, plan(options.seconds, seed), tell)
        screen.result({"event": "draining"}, report.entry(run.seconds, "done", "●", "draining …"), "green")
        return await run.drain()


@asynccontextmanager
async def _live(run: Run, screen: Screen, seen: Seen) -> AsyncIterator[None]:
    task = asyncio.create_task(_look(run, screen, seen))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        screen.settle()


async def _look(run: Run, screen: Screen, seen: Seen) -> None:
    moving = screen.moves and not screen.as_json
    while True:
        published, stored, waiting = run.counts
        seen.samples.append(Sample(run.seconds, published, stored, waiting))
        if moving:
            screen.progress(
                f" {report.stamp(run.seconds)}  published {count(published):>6} · stored {count(stored):>6}"
                f" · in the outboxes {count(waiting):>5}"
            )
        await asyncio.sleep(LIVE_EVERY_S)


def _conclude(
    outcome: report.Outcome, options: DemoOptions, database: Path, drawing: Path, seed: int, screen: Screen
) -> None:
    more = f" --seconds {options.seconds:g}" if options.seconds != USUAL_S else ""
    more += " --built-in" if options.built_in else ""
    lines = [
        "",
        *report.books(outcome),
        f" look:     sqlite3 {database} 'select topic, count(*) from messages group by 1'",
        f" picture:  {drawing}",
        f" replay:   holdfast demo --seed {seed}{more}",
    ]
    style = "bold green" if outcome.good else "bold red"
    screen.result(report.outcome_record(outcome, str(database), seed), "\n".join(lines), style)


def _fresh(folder: Path) -> tuple[Path, Path]:
    """The database of this run and the folder of its outboxes; those of an earlier run are removed.

    Raises SinkError.
    """
    database, outboxes = folder / "vitals.db", folder / "outbox"
    try:
        outboxes.mkdir(parents=True, exist_ok=True)
        for old in (database, *(outboxes / f"{client_id(number)}.db" for number in range(1, GATEWAYS + 1))):
            for part in PARTS:
                Path(f"{old}{part}").unlink(missing_ok=True)
        (outboxes / LOG).unlink(missing_ok=True)
    except OSError as error:
        raise SinkError(
            f"{database} cannot be made: {error.strerror}",
            target=str(database),
            hint="choose another --folder",
        ) from error
    return database, outboxes
