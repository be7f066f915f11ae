"""A disk that the test holds up, or lets fail."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox import writer as writing
from holdfast.outbox.store import Group, Store


class Disk:
    """Between the writer and its store: holds commits up, lets them fail, and counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups: list[Group] = []
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self.free = Event()
        self.free.set()
        self.reached = Event()
        real = Store.commit

        def commit(store: Store, group: Group) -> None:
            self.reached.set()
            assert self.free.wait(10)
            if self.before is not None:
                self.before()
            real(store, group)
            self.groups.append(group)
            if self.after is not None:
                self.after()

        monkeypatch.setattr(Store, "commit", commit)
        monkeypatch.setattr(writing, "AGAIN_S", 0.005)

    def hold(self) -> None:
        self.reached.clear()
        self.free.clear()


def rows(count: int = 1) -> list[Outgoing]:
    return [Outgoing(0, "t", b"", 1) for _ in range(count)]


def error(code: int) -> sqlite3.OperationalError:
    made = sqlite3.OperationalError("disk I/O error")
    made.sqlite_errorcode = code
    return made


def failing(code: int = sqlite3.SQLITE_IOERR) -> Callable[[], None]:
    def fail() -> None:
        raise error(code)

    return fail


def until(check: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.001)
