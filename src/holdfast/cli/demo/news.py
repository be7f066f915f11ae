"""What the gateways' process says to the demo: values in, one JSON object a line out, and back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from holdfast.cli.demo.links import Link
from holdfast.outbox import Ledger
from holdfast.values import fields


class News(NamedTuple):
    """How all gateways stand at one moment; ``publishing``: one of them may still publish."""

    accepted: int
    pending: int
    publishing: bool
    links: list[Link]


class Opened(NamedTuple):
    """All outboxes are open, and so many messages waited in them; there was news before this."""

    waited: int


class Failure(NamedTuple):
    """A message that was accepted and failed."""

    serial: str
    why: str


class Books(NamedTuple):
    """The last words: the ledger of every outbox, in the order of the gateways."""

    ledgers: list[Ledger]


Said = News | Opened | Failure | Books


def to_line(said: Said) -> str:
    """One line, without its end."""
    return json.dumps([type(said).__name__, *map(_plain, said)], separators=(",", ":"))


def from_line(line: bytes) -> Said:
    """What ``to_line`` was given."""
    kind, *values = json.loads(line)
    if kind == "News":
        accepted, pending, publishing, links = values
        return News(accepted, pending, publishing, [Link(*link) for link in links])
    if kind == "Books":
        return Books([_ledger(record) for record in values[0]])
    return Opened(*values) if kind == "Opened" else Failure(*values)


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Ledger):
        return {**fields(value), "since": value.since.isoformat()}
    return value


def _ledger(record: dict[str, object]) -> Ledger:
    since = datetime.fromisoformat(str(record["since"]))
    return Ledger(**{**record, "since": since})  # type: ignore[arg-type]  # as fields() gave it
