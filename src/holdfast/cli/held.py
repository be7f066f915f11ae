"""What came in and is kept, as ``holdfast outbox list`` and ``export`` show it (contract 13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.cli import stored
from holdfast.cli.export import messages
from holdfast.cli.words import clock, printable
from holdfast.outbox.inspection import Inspection
from holdfast.outbox.intake import Held

STATE = "held"


def line(seen: Inspection, held: Held) -> tuple[str, ...]:
    """One of the table: whose it is stands before the reason."""
    age, reason = clock(seen.since(held.arrived)), f"for {held.owner}: {held.reason}"
    return str(held.number), STATE, age, str(held.tries), printable(held.topic), printable(reason)


def brief(seen: Inspection, held: Held) -> dict[str, Any]:
    """The object, without what it carries."""
    age_s = seen.since(held.arrived)
    told: dict[str, Any] = {"id": held.number, "state": STATE, "owner": held.owner}
    told |= {"arrived": stored.ago(age_s), "age_s": round(age_s, 3), "reason": held.reason}
    told |= {"next_in_s": round(seen.due_in(held), 3)} | ({} if held.key is None else {"key": held.key})
    return told | stored.carried(held)


def records(seen: Inspection) -> Iterator[dict[str, Any]]:
    """All of them, whole."""
    for held in seen.held():
        yield brief(seen, held) | stored.payload_fields(held.payload)


def summary(there: int) -> list[str]:
    """A line for a person, if there are any."""
    return [f"{messages(there)} held: acknowledged, and handled from here"] if there else []
