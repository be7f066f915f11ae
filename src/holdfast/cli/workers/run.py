"""``ingest --workers``: what is checked and made before the first worker is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.cli.ingest import Role, kept_id, named
from holdfast.cli.link import LinkOptions
from holdfast.cli.render import Screen
from holdfast.cli.settings.ingests import IngestOptions
from holdfast.cli.settings.setting import TYPED, Settings, refused
from holdfast.cli.workers.parent import Parent
from holdfast.cli.workers.slots import Slots
from holdfast.errors import ConfigurationError
from holdfast.ingest import Sink, SqliteSink


@dataclass(frozen=True, kw_only=True, slots=True)
class ScaleOptions:
    """How many workers, where their slots are, and the words that this command was called with."""

    workers: int
    slots: str | None
    arguments: Sequence[str]


async def scale_out(
    link: LinkOptions, several: Sequence[IngestOptions], role: Role, scale: ScaleOptions, screen: Screen
) -> int:
    """Until SIGINT or SIGTERM, or until nothing is left to do; prints the ledger of all."""
    settings = link.settings()
    _check(several, role)
    _check_outbox(settings)
    sinks = [options.sink() for options in several]
    try:
        kept = await kept_id(sinks)
        name = settings["client_id"].value if "client_id" in settings else named(kept, sinks)
        for sink in sinks:
            await sink.open(name)  # what is wrong is told once, and not by each of the workers
    finally:
        for sink in sinks:
            await sink.close()
    slots = Slots(scale.slots or _beside(sinks[0], name), name)
    with slots.held():
        targets = ", ".join(dict.fromkeys(sink.target for sink in sinks))
        return await Parent(slots, scale.workers, scale.arguments, targets, screen).run()


def _beside(sink: Sink, name: str) -> str:
    """Beside the file, or where we are, when the database is elsewhere."""
    return f"{sink.target if isinstance(sink, SqliteSink) else name}.slots"


def _check(several: Sequence[IngestOptions], role: Role) -> None:
    if any(options.share is None for options in several):
        raise ConfigurationError(
            "--workers without --share: each of them would get every message",
            hint="name a group: --share GROUP",
        )
    if role.retire:
        raise ConfigurationError(
            "--workers and --retire exclude each other", hint="--workers 0 retires all slots"
        )


def _check_outbox(settings: Settings) -> None:
    if "outbox.path" in settings:
        told = settings["outbox.path"]
        name = "--outbox" if told.origin == TYPED else "outbox.path"
        raise refused(
            told.origin,
            f"{name} {told.value!r} with --workers, each of which has a file of its own",
            "leave it out; --slots FOLDER says where their files are",
        )


def check_slots(workers: int | None, slots: str | None) -> None:
    """They are files of workers. Raises ConfigurationError where there are none."""
    if slots is not None and workers is None:
        raise ConfigurationError(
            f"--slots {slots!r} without --workers, whose files are there",
            hint="say --workers N, or --outbox FILE for the file of one process",
        )
