"""``holdfast ingest``: MQTT into a database, with a line that says how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from holdfast.cli.failures import Code, spoken
from holdfast.cli.link import LinkOptions, news
from holdfast.cli.render import Screen
from holdfast.cli.retire import end_session, read_to_the_end
from holdfast.cli.running import end_of_stdin, stop_wish
from holdfast.cli.words import clock, count
from holdfast.client import Client, Status
from holdfast.errors import ConfigurationError
from holdfast.ingest import Ingest, IngestLedger, Sink, SqliteSink
from holdfast.ingest.mapper import mapper
from holdfast.ingest.table import Keep
from holdfast.ingest.target import sink_for
from holdfast.messages import QoS

SESSION_S = 24 * 3600
"""How long the broker keeps messages for us while we are away (contract 2)."""

TTY_EVERY_S, PLAIN_EVERY_S = 0.25, 10.0

WORKER_EVERY_S = 1.0
"""How often a worker tells its parent how it stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestOptions:
    """What goes where."""

    topic: tuple[str, ...]
    into: str
    table: str = "messages"
    columns: Mapping[str, str] | None = None
    key: tuple[str, ...] = ()
    keep: Keep = "first"
    share: str | None = None
    qos: QoS = 1
    batch: int = 500
    batch_wait_s: float = 0.01

    def sink(self) -> Sink:
        """Where it goes; all of this is checked. Raises ConfigurationError."""
        Ingest(Client(), **asdict(self))
        made = mapper(self.topic, table=self.table, columns=self.columns, key=self.key, keep=self.keep)
        return sink_for(self.into, made.table)


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What this process is for.

    ``retire``: read what the broker's session still holds, end it, and end. ``slot``: the outbox file
    of a worker, whose parent holds its stdin and reads its stdout.
    """

    retire: bool = False
    slot: str | None = None


async def ingest(link: LinkOptions, options: IngestOptions, role: Role, screen: Screen) -> int:
    """Until SIGINT or SIGTERM; prints the ledger."""
    link.check()
    sink = options.sink()
    client = await _client(link, sink, role.slot)
    service = Ingest(client, **{**asdict(options), "into": sink})
    often_s = WORKER_EVERY_S if role.slot else every_s(screen)
    async with stop_wish() as wish, news(client, screen), _progress(service, client, screen, often_s):
        beside = [_stop(wish, service, screen)]
        if role.retire:
            beside.append(read_to_the_end(client, service, options.topic, options.share))
        if role.slot:
            beside.append(end_of_stdin(wish))
        tasks = [asyncio.create_task(one) for one in beside]
        try:
            ledger = await service.run()
        finally:
            for task in tasks:
                task.cancel()
        kept = await end_session(link, client, wish) if role.retire else None
    return _finish(ledger, service, sink.target, screen, kept)


def columns_of(several: Iterable[str]) -> dict[str, str] | None:
    """``NAME=SOURCE type ...`` as it was typed, by name. Raises ConfigurationError."""
    found: dict[str, str] = {}
    for text in several:
        name, separator, definition = text.partition("=")
        if not separator or name in found:
            fact = "is there twice" if separator else "names no column"
            raise ConfigurationError(f"--columns {text!r} {fact}", hint="--columns 'temp_c=$.value real'")
        found[name] = definition
    return found or None


async def _client(link: LinkOptions, sink: Sink, outbox: str | None) -> Client:
    """The client id is that of the database file, so that the broker knows us again."""
    try:
        client_id = link.client_id or await kept_id(sink)
        return link.client(client_id=client_id, session_expiry_s=SESSION_S, outbox=outbox)
    except BaseException:
        await sink.close()
        raise


async def kept_id(sink: Sink) -> str:
    """Made once, and kept where the rows are (contract 2). Raises ConfigurationError, SinkError."""
    if isinstance(sink, SqliteSink):
        return await sink.client_id()
    raise ConfigurationError(f"no client id is kept in {sink.target}", hint="say --client-id")


async def _stop(wish: asyncio.Event, service: Ingest, screen: Screen) -> None:
    await wish.wait()
    screen.settle()
    screen.talk("draining …")
    await service.stop()


def _finish(ledger: IngestLedger, service: Ingest, target: str, screen: Screen, kept: str | None) -> int:
    screen.settle()
    screen.result({"event": "ledger", **asdict(ledger), "into": target}, f"{books(ledger)}      {target}")
    if service.trouble is not None:
        screen.fail(f"{spoken(service.trouble)} The broker keeps what is waiting.")
        return Code.CANTCREAT
    if kept is not None:
        screen.fail(kept)
        return Code.FAILED
    return Code.DONE


def books(ledger: IngestLedger) -> str:
    """The ledger as its equation."""
    names = ("stored", "repeated", "quarantined", "waiting")
    places = " + ".join(f"{name} {count(getattr(ledger, name))}" for name in names)
    return f"received {count(ledger.received)} = {places}"


# -- the line that moves -------------------------------------------------------------------------


@asynccontextmanager
async def _progress(service: Ingest, client: Client, screen: Screen, every_s: float) -> AsyncIterator[None]:
    task = asyncio.create_task(_watch(service, client, screen, every_s), name="progress")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(service: Ingest, client: Client, screen: Screen, every_s: float) -> None:
    loop = asyncio.get_running_loop()
    meter = Meter(loop.time())
    trouble = None
    while True:
        await asyncio.sleep(min(every_s, 1.0))
        if service.trouble is not None and trouble is None:
            screen.talk(
                f"{spoken(service.trouble)} Nothing is acknowledged meanwhile; trying again.", "bold red"
            )
        trouble = service.trouble
        if meter.due(loop.time(), every_s):
            rate = meter.rate(loop.time(), service.ledger.stored)
            _show(progress(rate, service.ledger, client), screen)


def every_s(screen: Screen) -> float:
    """How often it is shown how it goes."""
    return TTY_EVERY_S if screen.moves and not screen.as_json else PLAIN_EVERY_S


def _show(record: dict[str, Any], screen: Screen) -> None:
    if screen.as_json:
        screen.record(record)
    else:
        screen.progress(line(record))


class Meter:
    """Messages a second, smoothed over a few looks."""

    def __init__(self, now: float) -> None:
        self._shown_at = self._at = now
        self._total = 0
        self._rate = 0.0

    def due(self, now: float, every_s: float) -> bool:
        """Whether it is time to show something."""
        return now - self._shown_at >= every_s

    def rate(self, now: float, total: int) -> float:
        """The rate at this moment, the total being so high now."""
        fresh = (total - self._total) / max(now - self._at, 1e-6)
        weight = min(1.0, (now - self._at) / 1.0)
        self._rate += weight * (fresh - self._rate)
        self._shown_at = self._at = now
        self._total = total
        return self._rate


def progress(rate: float, ledger: IngestLedger, client: Client) -> dict[str, Any]:
    """How it goes, as one object."""
    snapshot = client.snapshot()
    up = snapshot.connected_since if snapshot.status is Status.CONNECTED else None
    return {
        "event": "progress",
        "rate": round(rate),
        **asdict(ledger),
        "link": snapshot.status.value,
        "link_up_s": None if up is None else round((datetime.now(UTC) - up).total_seconds(), 1),
        "cause": snapshot.hint,
    }


def line(record: dict[str, Any]) -> str:
    """The same for a person."""
    up = record["link_up_s"]
    link = f"link up {clock(up)}" if up is not None else f"link {record['link']}"
    return f" {count(record['rate'])} msg/s · {sums(record)} · {link}"


def sums(record: Mapping[str, Any]) -> str:
    """What became of the messages."""
    return " · ".join(f"{name} {count(record[name])}" for name in ("stored", "waiting", "repeated"))
