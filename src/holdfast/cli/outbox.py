"""``holdfast outbox list``, ``show`` and ``export``: what waits, whoever owns the file (contract 26)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

from holdfast.cli import held, stored
from holdfast.cli.export import export
from holdfast.cli.failures import Code, with_hint
from holdfast.cli.render import Screen, write_lines
from holdfast.cli.words import clock, equation, printable
from holdfast.client.clock import SystemClock
from holdfast.ingest.row import timestamp
from holdfast.outbox import sqlite_file
from holdfast.outbox.inspection import Entry, Inspection
from holdfast.outbox.intake import Held
from holdfast.outbox.reading import reading
from holdfast.values import fields

HEADER = ("id", "state", "age", "try", "topic", "reason")


@contextmanager
def looking(file: str) -> Iterator[Inspection]:
    """Into the file of this name. Raises OutboxError."""
    with reading(sqlite_file.resolve(file)) as db:
        yield Inspection(db, SystemClock())


def list_messages(file: str, limit: int, screen: Screen) -> int:
    """The first so many, what came in behind what goes out, and the books."""
    with looking(file) as seen:
        found = list(islice(seen.entries(), limit))
        inwards = list(islice(seen.held(), limit - len(found)))
        ledger, kept = seen.ledger(), seen.held_count()
        if screen.as_json:
            _tell_objects(seen, found, inwards, screen)
            told = fields(ledger) | {"since": timestamp(ledger.since), "held": kept}
            screen.record({"event": "ledger", **told})
            return Code.DONE
        shown = [_line(entry, seen.age(entry.accepted_at)) for entry in found]
        shown += [held.line(seen, one) for one in inwards]
    table = stored.table(HEADER, shown, ledger.pending + kept)
    write_lines([*table, equation(ledger), *held.summary(kept)])
    return Code.DONE


def _tell_objects(seen: Inspection, found: list[Entry], inwards: list[Held], screen: Screen) -> None:
    for entry in found:
        screen.record(_brief(entry, seen.age(entry.accepted_at)) | {"size": entry.size})
    for one in inwards:
        screen.record(held.brief(seen, one) | {"size": len(one.payload)})


def _line(entry: Entry, age_s: float) -> tuple[str, ...]:
    topic, reason = printable(entry.topic), printable(entry.parked or "")
    return str(entry.seq), entry.state, clock(age_s), str(entry.tries), topic, reason


def _brief(entry: Entry, age_s: float) -> dict[str, Any]:
    told = {"id": entry.seq, "state": entry.state, "accepted": stored.ago(age_s), "age_s": round(age_s, 3)}
    return told | stored.fields(entry) | ({} if entry.parked is None else {"reason": entry.parked})


def show(file: str, number: int, screen: Screen) -> int:
    """Everything about one message."""
    with looking(file) as seen:
        entry = seen.entry(number)
        payload = None if entry is None else seen.payload(entry)
        if entry is None or payload is None:
            return missing(f"{file} has no message {number} (any more)", screen)
        if screen.as_json:
            screen.record(_record(seen, entry, payload))
        else:
            write_lines(_told(seen, entry, payload))
    return Code.DONE


def missing(sentence: str, screen: Screen) -> int:
    """What was asked for is not there."""
    screen.fail(with_hint(sentence, "list tells what there is"))
    return Code.FAILED


def _told(seen: Inspection, entry: Entry, payload: bytes) -> list[str]:
    first = {"id": str(entry.seq), "state": entry.state}
    if entry.parked is not None:
        first["reason"] = printable(entry.parked)
    last = {"accepted": stored.since(seen.age(entry.accepted_at))}
    if entry.expires_at is not None:
        last["expires"] = f"in {clock(max(0.0, seen.left(entry.expires_at)))}"
    if entry.uncertain:
        last["uncertain"] = "it may have arrived once already"
    return stored.lines(entry, payload, first, last)


def _record(seen: Inspection, entry: Entry, payload: bytes) -> dict[str, Any]:
    record = _brief(entry, seen.age(entry.accepted_at)) | {"uncertain": entry.uncertain}
    if entry.expires_at is not None:
        record["expires_in_s"] = round(seen.left(entry.expires_at), 3)
    return record | stored.payload_fields(payload)


def export_messages(file: str, to: str | None, screen: Screen) -> int:
    """All that has not ended, and all that came in and is kept."""
    with looking(file) as seen:
        return export(chain(_records(seen), held.records(seen)), to, screen)


def _records(seen: Inspection) -> Iterator[dict[str, Any]]:
    for entry in seen.entries():
        payload = seen.payload(entry)
        if payload is not None:
            yield _record(seen, entry, payload)
