"""A message in an outbox file as a person reads it, and as an object."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from holdfast.cli.words import clock, columns, count, printable
from holdfast.ingest.row import timestamp
from holdfast.messages import Properties, QoS

PRIORITIES = ("low", "normal", "high")


class Carried(Protocol):
    """What messages in a file have in common, whichever way they go."""

    @property
    def topic(self) -> str: ...
    @property
    def qos(self) -> QoS: ...
    @property
    def retain(self) -> bool: ...
    @property
    def properties(self) -> Properties: ...
    @property
    def tries(self) -> int: ...


class Stored(Carried, Protocol):
    """What waiting messages and dead letters have in common."""

    @property
    def priority(self) -> int: ...


def fields(message: Stored) -> dict[str, Any]:
    """What every message to go has, for an object; its payload is apart."""
    return carried(message) | {"priority": PRIORITIES[message.priority]}


def carried(message: Carried) -> dict[str, Any]:
    """The same of one that came in."""
    found: dict[str, Any] = {"topic": message.topic, "qos": message.qos, "retain": message.retain}
    found["tries"] = message.tries
    if message.properties:
        found["properties"] = dict(map(_property, *zip(*message.properties.items(), strict=True)))
    return found


def _property(name: str, value: Any) -> tuple[str, Any]:
    return (f"{name}_base64", _base64(value)) if isinstance(value, bytes) else (name, value)


def payload_fields(payload: bytes) -> dict[str, Any]:
    """The payload in base64 (RFC 4648), and as text beside it where it is UTF-8."""
    found = {"size": len(payload), "payload_base64": _base64(payload)}
    try:
        return found | {"payload": payload.decode()}
    except UnicodeDecodeError:
        return found


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def ago(age_s: float) -> str:
    """When that was, RFC 3339, UTC."""
    return timestamp(datetime.now(UTC) - timedelta(seconds=age_s))


def table(header: tuple[str, ...], shown: list[tuple[str, ...]], there: int) -> list[str]:
    """The first of so many that are there, and how to see the others."""
    found = columns(header, shown) if shown else []
    if there > len(shown):
        found.append(f" … and {count(there - len(shown))} more (--limit)")
    return found


def lines(message: Stored, payload: bytes, first: dict[str, str], last: dict[str, str]) -> list[str]:
    """A line for each thing to know, those of its kind ``first`` and ``last``; then the payload."""
    known = {
        **first,
        "topic": printable(message.topic),
        "qos": str(message.qos),
        "retain": "yes" if message.retain else "no",
        "priority": PRIORITIES[message.priority],
        "tries": count(message.tries),
        **last,
        **{name: printable(str(value)) for name, value in message.properties.items()},
        "payload": f"{count(len(payload))} byte{'' if len(payload) == 1 else 's'}",
    }
    width = max(map(len, known))
    return [*(f" {name.ljust(width)}  {value}" for name, value in known.items()), *shown(payload)]


def since(age_s: float) -> str:
    """``2026-11-26T04:17:52Z, 00:03:12 ago``."""
    return f"{ago(age_s)}, {clock(age_s)} ago"


def shown(payload: bytes) -> list[str]:
    """As text where it is UTF-8, with what a terminal would obey escaped; else in hex."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return [payload[place : place + 32].hex(" ") for place in range(0, len(payload), 32)]
    return printable(text, keep="\n\t").split("\n") if text else []
