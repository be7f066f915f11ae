"""What the outbox file keeps of what came in outlives the process (contract 13, 15)."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast import Limits, Message, Retries, Retry
from holdfast.client import shelf
from holdfast.outbox import requests
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient, on_tcp
from tests.unit.outbox.files import query

SOON = Retries(1_000_000, first_delay_s=0.02, max_delay_s=0.02)
QUICK = Limits(hold_limit_s=0.3, unclaimed_s=0.2)


@on_tcp
@pytest.mark.parametrize("threaded", [False, True], ids=["coroutine", "thread"])
@pytest.mark.parametrize("options", [{}, {"concurrency": 3}, {"key": "{key}"}], ids=str)
async def test_the_next_process_goes_on_with_what_is_kept(
    make: MakeClient, tmp_path: Path, options: dict[str, Any], threaded: bool
) -> None:
    """The handler with the same filters gets it, in its order, before what comes anew; captures and all."""
    path = tmp_path / "kept.db"
    client = make(outbox=path, limits=QUICK, drain_s=1)

    @client.on("plant/{key}", retries=SOON, **options)
    async def fail(message: Message) -> None:
        raise Retry("not in this process")

    async with client:
        await client.ready(5)
        for number in range(6):
            await client.publish(f"plant/{number % 2}", str(number))
        await eventually(lambda: client.snapshot().handled == 6, 10)
        assert client.snapshot().held == 6
        await client.flush(5)

    got: list[tuple[str, str]] = []
    client = make(client_id=client.client_id, outbox=path, limits=QUICK)

    def handle(key: str, payload: str) -> None:
        got.append((key, payload))

    async def handle_on_the_loop(key: str, payload: str) -> None:
        got.append((key, payload))

    client.on("plant/{key}", **options)(handle if threaded else handle_on_the_loop)
    async with client:
        await client.ready(5)
        await client.publish("plant/0", "6")
        await eventually(lambda: len(got) == 7)
        await eventually(lambda: client.snapshot().held == 0)
    if "concurrency" in options:
        got.sort(key=lambda one: one[1])
    for key in "01":
        numbers = [payload for name, payload in got if name == key]
        assert numbers == sorted(numbers), got
    if not options:
        assert [payload for _, payload in got] == list("0123456")


@on_tcp
async def test_dead_letters_are_in_the_file_before_they_are_acknowledged(
    make: MakeClient, tmp_path: Path
) -> None:
    """And one that is accepted again is handed to its handler at once."""
    path = tmp_path / "dead.db"
    got: list[str] = []
    client = make(outbox=path)

    @client.on("plant/#", retries=Retries(1))
    async def handle(payload: str) -> None:
        got.append(payload)
        if len(got) == 1:
            raise ValueError("no such valve")

    async with client:
        await client.ready(5)
        await client.publish("plant/7", "open")
        await eventually(lambda: client.snapshot().handled == 1)
        assert query(path, "SELECT owner, topic, payload, reason FROM dead") == [
            ("plant/#", "plant/7", b"open", "ValueError: no such valve")
        ]
        await asyncio.to_thread(ask, path)
        await eventually(lambda: got == ["open", "open"])
        await eventually(lambda: client.snapshot().held == 0)
    assert query(path, "SELECT count(*) FROM dead") == [(0,)]


def ask(path: Path) -> None:
    """As ``holdfast deadletter retry --all`` does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        requests.ask(db, "deadletter retry")


@on_tcp
async def test_what_nobody_takes_is_kept_for_whoever_does(make: MakeClient, tmp_path: Path) -> None:
    """Contract 15: acknowledged once it is kept; the next process may want it."""
    path = tmp_path / "nobody.db"
    client = make(outbox=path, limits=QUICK)

    @client.on("plant/#")
    async def handle(message: Message) -> None: ...

    async with client:
        await client.ready(5)
    async with make() as sender:
        for number in range(3):
            await sender.publish(f"plant/{number}", str(number))
        await sender.flush(5)
    client = make(client_id=client.client_id, outbox=path, limits=QUICK)
    events = client.events()
    async with client:
        await eventually(lambda: client.snapshot().handled == 3)
        assert client.snapshot().held == 3
    assert [event.name async for event in events].count("unclaimed") == 3
    got: list[str] = []
    client = make(client_id=client.client_id, outbox=path, limits=QUICK)

    @client.on("plant/+")
    async def want(payload: str) -> None:
        got.append(payload)

    async with client:
        await eventually(lambda: got == ["0", "1", "2"])
        await eventually(lambda: client.snapshot().held == 0)


@on_tcp
async def test_what_is_kept_is_still_handled_once(
    make: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``on(dedupe=)``, beyond what memory holds and over a restart: a repeat of what is kept waits for it."""
    monkeypatch.setattr(shelf, "MOST", 2)
    path, got = tmp_path / "once.db", list[str]()
    client = make(outbox=path, limits=QUICK, drain_s=1)

    @client.on("order", dedupe="$.id", retries=SOON)
    async def fail(message: Message) -> None:
        raise Retry("not in this process")

    async with client:
        await client.ready(5)
        for number in (*range(8), 3, 5):
            await client.publish("order", f'{{"id": {number}}}')
        await eventually(lambda: client.snapshot().held >= 8, 10)
        await client.flush(5)
    client = make(client_id=client.client_id, outbox=path, limits=QUICK)

    @client.on("order", dedupe="$.id", retries=SOON)
    async def handle(payload: str) -> None:
        got.append(payload)

    async with client:
        await client.ready(5)
        await client.publish("order", '{"id": 1}')
        await eventually(lambda: len(got) == 8 and client.snapshot().held == 0)
    assert got == [f"""{{"id": {number}}}""" for number in range(8)], got
