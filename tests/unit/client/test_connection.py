"""One link and what becomes of it: both futures end exactly once, whatever comes first."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.client import connection as module
from holdfast.client.connection import Connection, Ended
from holdfast.protocol import Closed, Refused
from holdfast.testing import eventually


class Engine:
    """Notes what the connection tells its driver."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def received(self, connection: Connection, data: bytes) -> None:
        self.calls.append(f"received {data!r}")

    def lost(self, connection: Connection) -> None:
        self.calls.append("lost")

    def wake(self) -> None:
        self.calls.append("wake")


class Link:
    """Notes what the connection asks of its link."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, data: bytes) -> None:
        self.calls.append("write")

    def read(self, wanted: bool) -> None:
        self.calls.append(f"read {wanted}")

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


def opened() -> tuple[Connection, Engine, Link]:
    engine, link = Engine(), Link()
    connection = Connection(engine)
    connection.link = link
    return connection, engine, link


async def test_bytes_reach_the_engine_until_the_end() -> None:
    """After the end of the link nothing of it is heard any more."""
    connection, engine, _ = opened()
    connection.received(b"x")
    connection.lost(None)
    connection.received(b"y")
    assert engine.calls == ["received b'x'", "lost"]


async def test_the_end_is_told_once() -> None:
    """Lost, lost again and aborted: one end, with the first error."""
    connection, engine, _ = opened()
    error = ConnectionResetError()
    connection.lost(error)
    connection.lost(None)
    connection.abort()
    assert engine.calls == ["lost"]
    assert connection.ended.result().error is error


async def test_an_answer_that_never_came() -> None:
    """Whoever waits for CONNACK learns of the end instead."""
    connection, _, _ = opened()
    connection.lost(None)
    with pytest.raises(Ended):
        await connection.opened


async def test_an_answer_is_kept() -> None:
    """The end after CONNACK does not undo the answer, and no second answer counts."""
    connection, _, _ = opened()
    refused = Refused(0x87, "")
    connection.answered(refused)
    connection.answered(Refused(0x88, ""))
    connection.lost(None)
    assert await connection.opened is refused


async def test_a_transport_that_catches_up_wakes_the_engine() -> None:
    """What was held back while the transport was full is looked at again, once it drained."""
    connection, engine, _ = opened()
    seen = []
    for yes in (False, True):
        connection.writable(yes)
        seen.append(connection.can_write)
    assert seen == [False, True]
    assert engine.calls == ["wake"]


async def test_a_link_that_does_not_close_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that takes no more bytes cannot hold the close up; the reason of the first close stays."""
    monkeypatch.setattr(module, "CLOSE_WITHIN_S", 0.01)
    connection, _, link = opened()
    first, second = Closed(True, 0x82, "one"), Closed(True, 0x81, "two")
    connection.close(first)
    connection.close(second)
    await eventually(lambda: "abort" in link.calls)
    assert link.calls == ["close", "close", "abort"]
    connection.lost(None)
    assert connection.ended.result().closed is first


async def test_closing_what_has_ended_does_nothing() -> None:
    """No link, or none any more: close() and abort() are safe at any time."""
    engine = Engine()
    never = Connection(engine)
    never.close()
    never.abort()
    assert engine.calls == ["lost"]
    connection, _, link = opened()
    connection.lost(None)
    connection.close()
    await asyncio.sleep(0)
    assert link.calls == []
