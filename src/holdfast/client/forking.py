"""A forked child has copies of its parent's clients, and must not use them (contract 26).

They share the parent's connections: what such a copy accepted would go nowhere, and what it waits for
would never happen.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from holdfast.client.core import Core
    from holdfast.errors import HoldfastError


class Owned(Protocol):
    """What belongs to the process that runs it."""

    def _forked(self, parent: int) -> None:
        """This is a copy, in a child of process ``parent``."""


_running: WeakSet[Owned] = WeakSet()


def watch(one: Owned) -> None:
    """It runs from here on: a copy of it in a child is told."""
    _running.add(one)


def unwatch(one: Owned) -> None:
    """It runs no more, and a child may start its copy."""
    _running.discard(one)


def abandon(run: Core, why: HoldfastError) -> None:
    """Nothing of this copy goes on: whoever asks is told, and what waits is for readers of the parent."""
    run.foreign = why
    run.here.close()
    for worker in run.consumers.workers():
        if worker.consumer.reads:
            inbox = worker.consumer.inbox
            inbox.withdraw(len(inbox.items))


def _in_child() -> None:
    parent = os.getppid()
    for one in list(_running):
        one._forked(parent)
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
