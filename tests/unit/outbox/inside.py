"""For tests that do alone what the outboxes do with the rows that wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from holdfast.outbox.waiting import Waiting

W = TypeVar("W", bound=Waiting)


@contextmanager
def inside(waiting: W) -> Iterator[W]:
    """Alone with it, and what was accepted stands in its line."""
    with waiting.lock:
        waiting.settle()
        yield waiting
