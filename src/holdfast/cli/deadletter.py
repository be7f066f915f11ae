"""``holdfast deadletter list``, ``show`` and ``export``: what was refused for good (contract 7, 11)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from holdfast.cli import stored
from holdfast.cli.export import export, messages
from holdfast.cli.failures import Code
from holdfast.cli.outbox import looking, missing
from holdfast.cli.render import Screen, write_lines
from holdfast.cli.words import clock, printable
from holdfast.outbox.dead import DeadLetter
from holdfast.outbox.inspection import Inspection

HEADER = ("id", "message", "age", "try", "topic", "owner", "reason")


def list_letters(file: str, limit: int, screen: Screen) -> int:
    """The oldest so many, and how many there are."""
    with looking(file) as seen:
        found = list(islice(seen.letters(), limit))
        there = seen.letter_count()
        ages = [seen.age(letter.died_at) for letter in found]
    if screen.as_json:
        for letter, age_s in zip(found, ages, strict=True):
            screen.record(_brief(letter, age_s) | {"size": len(letter.payload)})
        return Code.DONE
    shown = [_line(*pair) for pair in zip(found, ages, strict=True)]
    write_lines([*stored.table(HEADER, shown, there), f"{messages(there)} refused for good"])
    return Code.DONE


def _line(letter: DeadLetter, age_s: float) -> tuple[str, ...]:
    numbers = str(letter.number), str(letter.seq or "")
    owner, reason = printable(letter.owner or ""), printable(letter.reason)
    return *numbers, clock(age_s), str(letter.tries), printable(letter.topic), owner, reason


def _brief(letter: DeadLetter, age_s: float) -> dict[str, Any]:
    told: dict[str, Any] = {"id": letter.number, "message": letter.seq}
    told |= {
        "died": stored.ago(age_s),
        "age_s": round(age_s, 3),
        "code": letter.code,
        "reason": letter.reason,
    }
    if letter.owner is None:
        return told | stored.fields(letter)
    return told | {"owner": letter.owner} | stored.carried(letter)


def show(file: str, number: int, screen: Screen) -> int:
    """Everything about one dead letter."""
    with looking(file) as seen:
        letter = seen.letter(number)
        if letter is None:
            return missing(f"{file} has no dead letter {number} (any more)", screen)
        if screen.as_json:
            screen.record(_record(seen, letter))
        else:
            write_lines(_told(seen, letter))
    return Code.DONE


def _told(seen: Inspection, letter: DeadLetter) -> list[str]:
    first = {"id": str(letter.number), "message": str(letter.seq)}
    if letter.owner is not None:
        first["owner"] = printable(letter.owner)
    first["reason"] = f"{printable(letter.reason)} (0x{letter.code:02X})"
    accepted, died = stored.since(seen.age(letter.accepted_at)), stored.since(seen.age(letter.died_at))
    return stored.lines(letter, letter.payload, first, {_came(letter): accepted, "died": died})


def _came(letter: DeadLetter) -> str:
    return "accepted" if letter.owner is None else "arrived"


def _record(seen: Inspection, letter: DeadLetter) -> dict[str, Any]:
    accepted = {_came(letter): stored.ago(seen.age(letter.accepted_at))}
    return _brief(letter, seen.age(letter.died_at)) | accepted | stored.payload_fields(letter.payload)


def export_letters(file: str, to: str | None, screen: Screen) -> int:
    """All there are."""
    with looking(file) as seen:
        return export(_records(seen), to, screen)


def _records(seen: Inspection) -> Iterator[dict[str, Any]]:
    return (_record(seen, letter) for letter in seen.letters())
