"""One name for the outboxes of many processes: ``dir/{slot}.db`` (contract 26).

Slots are 0, 1, 2, and so on, each a file. A process takes the first that nobody holds: of those that
are there, so that what an ended process left behind is sent, and only then one that is not.
Processes that begin at once try the same ones, and the lock decides.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

from holdfast.errors import ConfigurationError, OutboxError, OutboxLocked

SLOT = "{slot}"

MOST = 1_000
"""Slots of one name."""

T = TypeVar("T")


def check_slots(path: str, client_id: str | None) -> None:
    """Each slot is a client of its own. Raises ConfigurationError where that cannot be."""
    folder, name = os.path.split(path)
    if SLOT in folder:
        raise ConfigurationError(
            f"{path} has {SLOT} in the name of its folder", hint=f"put it into the file's: {name or SLOT}"
        )
    if SLOT in name and client_id is not None and SLOT not in client_id:
        raise ConfigurationError(
            f"each process with an outbox {path} would be the client {client_id!r}",
            hint=f"put {SLOT} into the client id too, or leave it out: then each file makes its own",
        )
    if SLOT not in name and client_id is not None and SLOT in client_id:
        raise ConfigurationError(
            f"the client id {client_id!r} is filled in by an outbox with {SLOT} in its name",
            hint=f"put {SLOT} into the outbox's name too, or take it out of the client id",
        )


def open_slot(path: str, client_id: str | None, open_one: Callable[[str, str | None], T]) -> T:
    """What ``open_one(path, client_id)`` gives for the first slot that is free, both filled in.

    A path without ``{slot}`` is opened as it is. Raises OutboxError when all are taken, and
    ConfigurationError as ``check_slots``; what else ``open_one`` raises goes through.
    """
    check_slots(path, client_id)
    if SLOT not in path:
        return open_one(path, client_id)
    for slot in _order(path):
        try:
            return open_one(_fill(path, slot), client_id and _fill(client_id, slot))
        except OutboxLocked:
            continue
    raise OutboxError(
        f"all {MOST:,} slots of {path} are in use",
        path=path,
        hint="end processes that should not run any more, or give these another name",
    )


def _order(path: str) -> Iterator[int]:
    """The slots that are there, then the others."""
    there = [os.path.exists(_fill(path, slot)) for slot in range(MOST)]
    yield from sorted(range(MOST), key=lambda slot: (not there[slot], slot))


def _fill(text: str, slot: int) -> str:
    return text.replace(SLOT, str(slot))
