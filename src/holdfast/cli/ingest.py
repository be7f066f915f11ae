"""``holdfast ingest``: MQTT into a database, with a line that says how it goes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from holdfast.cli.failures import Code, spoken
from holdfast.cli.link import LinkOptions, news
from holdfast.cli.progress import books, every_s, shown
from holdfast.cli.render import Screen
from holdfast.cli.retire import end_session, read_to_the_end
from holdfast.cli.running import end_of_stdin, stop_wish
from holdfast.cli.settings.environment import from_environment
from holdfast.cli.settings.file import from_file
from holdfast.cli.settings.ingests import IngestOptions, columns_of, ingests
from holdfast.client import Client
from holdfast.errors import ConfigurationError, HoldfastError
from holdfast.ingest import Sink, SqliteSink, Together

SESSION_S = 24 * 3600
"""How long the broker keeps messages for us while we are away (contract 2)."""

SPOOL = "holdfast-ingest.spool"

WORKER_EVERY_S = 1.0
"""How often a worker tells its parent how it stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What this process is for.

    ``retire``: read what the broker's session still holds, end it, and end. ``slot``: the outbox file
    of a worker, whose parent holds its stdin and reads its stdout.
    """

    retire: bool = False
    slot: str | None = None


def settled(
    link: LinkOptions, typed: Mapping[str, Any], config: str | None
) -> tuple[LinkOptions, list[IngestOptions]]:
    """What was typed, and what the environment and the file say. Raises ConfigurationError."""
    told, tables = ({}, []) if config is None else from_file(config)
    said = {**told, **from_environment(os.environ)}
    flags = {name: value for name, value in typed.items() if value not in (None, [])}
    if "columns" in flags:
        flags["columns"] = columns_of(flags["columns"])
    return replace(link, said=said), ingests(tables, flags, config)


async def ingest(link: LinkOptions, several: Sequence[IngestOptions], role: Role, screen: Screen) -> int:
    """Until SIGINT or SIGTERM; prints the ledger, also where it ends by an error."""
    sinks = [options.sink() for options in several]
    client = await _client(link, sinks, any(options.spool for options in several))
    made = zip(several, sinks, strict=True)
    service = Together([options.ingest(client, sink) for options, sink in made])
    try:
        kept = await _run(link, client, service, role, screen)
    except HoldfastError:
        if role.slot or service.ledger.received:
            _tell_books(service, screen)
        raise
    return _finish(service, screen, kept)


async def _run(
    link: LinkOptions, client: Client, service: Together, role: Role, screen: Screen
) -> str | None:
    """To the end of the service, and of its session where that is wanted; else why that is kept."""
    often_s = WORKER_EVERY_S if role.slot else every_s(screen)
    async with (
        stop_wish() as wish,
        _parent(role, wish),
        news(client, screen),
        shown(service, client, screen, often_s),
    ):
        beside = [_stop(wish, service, screen)]
        if role.retire:
            beside.append(read_to_the_end(client, service))
        tasks = [asyncio.create_task(one) for one in beside]
        try:
            await service.run()
        finally:
            for task in tasks:
                task.cancel()
        return await end_session(link, client, wish) if role.retire else None


@asynccontextmanager
async def _parent(role: Role, wish: asyncio.Event) -> AsyncIterator[None]:
    """A worker's ends, or asks it to end, by the end of stdin: heard as long as there is anything to do."""
    hearing = asyncio.create_task(end_of_stdin(wish)) if role.slot else None
    try:
        yield
    finally:
        if hearing is not None:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


async def _client(link: LinkOptions, sinks: Sequence[Sink], spools: bool) -> Client:
    """One that the broker knows again, from whatever keeps its id (contract 2)."""
    try:
        if spools and "outbox.path" not in link.settings():
            link = replace(link, outbox=spool_of(sinks))
        settings = link.settings()
        kept = await kept_id(sinks)
        outbox = settings["outbox.path"].value if "outbox.path" in settings else None
        if "client_id" in settings or (outbox is not None and _is_there(outbox)):
            return link.client(session_expiry_s=SESSION_S)
        if outbox is None:
            kept = named(kept, sinks)
        return link.client(session_expiry_s=SESSION_S, client_id=kept)
    except BaseException:
        for sink in sinks:
            await sink.close()
        raise


def spool_of(sinks: Sequence[Sink]) -> str:
    """The outbox file where none is named: beside the first database that is a file."""
    return next((f"{sink.target}.spool" for sink in sinks if isinstance(sink, SqliteSink)), SPOOL)


def _is_there(outbox: str) -> bool:
    """Then it keeps an id, which wins; with ``{slot}`` each of several files keeps its own."""
    return "{slot}" in outbox or os.path.exists(outbox)


async def kept_id(sinks: Sequence[Sink]) -> str | None:
    """Made once, and kept where the rows are; None: there is no place for it there. Raises SinkError.

    The tables are made one after the other here, before several want to at once.
    """
    kept = [await sink.client_id() for sink in sinks if isinstance(sink, SqliteSink)]
    return kept[0] if kept else None


def named(client_id: str | None, sinks: Sequence[Sink]) -> str:
    """Raises ConfigurationError where there is none."""
    if client_id is None:
        raise ConfigurationError(f"no client id is kept in {sinks[0].target}", hint="say --client-id")
    return client_id


async def _stop(wish: asyncio.Event, service: Together, screen: Screen) -> None:
    await wish.wait()
    screen.settle()
    screen.talk("draining …")
    await service.stop()


def _tell_books(service: Together, screen: Screen) -> None:
    screen.settle()
    several = service.ingests if len(service.ingests) > 1 else ()
    for one in several:
        record = {"event": "ingest", "table": one.table, **asdict(one.ledger), "into": one.target}
        screen.result(record, f"{books(one.ledger)}      {one.table} in {one.target}")
    targets = ", ".join(dict.fromkeys(one.target for one in service.ingests))
    record = {"event": "ledger", **asdict(service.ledger), "into": targets}
    screen.result(record, f"{books(service.ledger)}      {targets}")


def _finish(service: Together, screen: Screen, kept: str | None) -> int:
    _tell_books(service, screen)
    if service.trouble is not None:
        spooled = " What is spooled is kept for the next run." if service.ledger.spooled else ""
        screen.fail(f"{spoken(service.trouble)} The broker keeps what is waiting.{spooled}")
        return Code.CANTCREAT
    if kept is not None:
        screen.fail(kept)
        return Code.FAILED
    return Code.DONE
