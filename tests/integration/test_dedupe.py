"""A message is handled once by its key (requirements M-2, M-5): here, over retries, and over kill -9."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from holdfast import Client, Message, Reject, Retries
from holdfast.testing import Broker, eventually
from holdfast.testing.model import BrokerLimits
from tests.integration.conftest import MakeClient, Version, on_tcp
from tests.support import subscribing

COUNT = 100


@on_tcp
async def test_a_repeat_is_acknowledged_and_not_handled(make: MakeClient) -> None:
    """A reply that comes twice is one row (M-5); the snapshot counts it, and the event names its topic."""
    client, rows = make(), list[str]()

    @client.on("reply/{request}", dedupe="{request}")
    async def handle(payload: str) -> None:
        rows.append(payload)

    events = client.events()
    async with client, make() as model:
        await client.ready(5)
        for payload in ("first", "again", "and again"):
            await model.publish("reply/7", payload)
        await model.publish("reply/8", "other")
        await eventually(lambda: client.snapshot().handled == 4)
        assert client.snapshot().repeats == 2
    assert rows == ["first", "other"]
    told = [event.__dict__["topic"] async for event in events if event.name == "repeat_skipped"]
    assert told == ["reply/7", "reply/7"]


@on_tcp
async def test_a_repeat_waits_for_the_attempt_that_is_under_way(make: MakeClient) -> None:
    """Side by side: while the first is tried again its repeats wait; it succeeds, and none of them runs."""
    client, runs = make(), list[int]()

    @client.on("t", concurrency=4, dedupe="@payload", retries=Retries(first_delay_s=0.2))
    async def handle(message: Message) -> None:
        runs.append(message.attempt)
        if message.attempt < 3:
            raise RuntimeError("not yet")

    async with client, make() as sender:
        await client.ready(5)
        for _ in range(4):
            await sender.publish("t", "x")
        await eventually(lambda: client.snapshot().handled == 4)
    assert runs == [1, 2, 3]
    assert client.snapshot().repeats == 3


@on_tcp
async def test_a_repeat_of_a_dead_letter_is_tried(make: MakeClient) -> None:
    """The first is given up: the one that waited for it gets its turn, and what follows repeats that."""
    client, runs = make(), list[str]()
    go = asyncio.Event()

    @client.on("t", concurrency=4, dedupe="$.id")
    async def handle(message: Message) -> None:
        await go.wait()
        runs.append(message.text())
        if message.json()["bad"]:
            raise Reject("no good")

    async with client, make() as sender:
        await client.ready(5)
        for bad in (True, False, False):
            await sender.publish("t", json={"id": 1, "bad": bad})
        await eventually(lambda: client.snapshot().received == 3)
        go.set()
        await eventually(lambda: client.snapshot().handled == 3)
    assert [json.loads(run)["bad"] for run in runs] == [True, False]
    assert (client.snapshot().dead, client.snapshot().repeats) == (1, 1)


@pytest.mark.parametrize("file", [None, "outbox.db"])
@on_tcp
async def test_a_borrower_that_begins_again_knows_what_it_handled(
    make: MakeClient, tmp_path: Path, file: str | None
) -> None:
    """Its loan is stopped and started while the client runs: a repeat is one, with and without a file."""
    client = make() if file is None else make(outbox=tmp_path / file)
    lent, rows = client.lend(), list[str]()

    @lent.on("t", dedupe="@payload")
    async def handle(payload: str) -> None:
        rows.append(payload)

    async with client, make() as sender:
        await client.ready(5)
        await sender.publish("t", "first")
        await eventually(lambda: client.snapshot().handled == 1)
        await lent.stop()
        await lent.start()
        for payload in ("first", "other"):
            await sender.publish("t", payload)
        await eventually(lambda: client.snapshot().handled == 3)
        assert client.snapshot().repeats == 1
    assert rows == ["first", "other"]


def remembered(file: Path) -> int:
    """How many keys the file has."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM seen").fetchone()[0])


class Subscriber:
    """Processes with one outbox file, each killed in the end."""

    def __init__(self, folder: Path, url: str, version: Version) -> None:
        self.file = folder / "outbox.db"
        options = {"url": url, "client_id": "s", "outbox": str(self.file), "version": version}
        wishes = {"qos": 1, "options": {**options, "reconnect": "lan"}, "dedupe": "@payload"}
        self._command = [sys.executable, "-m", subscribing.__name__, json.dumps(wishes)]
        self._report = folder / "out"

    @property
    def lines(self) -> list[str]:
        """What it has handled, and when it was subscribed."""
        return self._report.read_text().splitlines() if self._report.exists() else []

    def _start(self) -> subprocess.Popen[bytes]:
        with self._report.open("ab") as out:
            return subprocess.Popen(self._command, stdout=out)

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        lives = self.lines.count("subscribed")
        process = self._start()
        try:
            await eventually(lambda: self.lines.count("subscribed") > lives, 20)
            yield
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)


async def test_a_killed_process_is_remembered(tmp_path: Path, version: Version) -> None:
    """Its acknowledgements never arrived: all comes again, and the next process handles none of it."""
    with Broker(strict=True, limits=BrokerLimits(max_inflight=COUNT)) as broker:
        subscriber = Subscriber(tmp_path, broker.url, version)
        async with subscriber.life():
            broker.hold("PUBACK", sender="client")
            for number in range(COUNT):
                broker.publish(f"n/{number}", str(number))
            await eventually(lambda: remembered(subscriber.file) == COUNT, 20)
        broker.release()
        async with subscriber.life():
            broker.publish("n/end", "end")
            await eventually(lambda: "end" in subscriber.lines, 20)
        handled = [line for line in subscriber.lines if line != "subscribed"]
        assert sorted(handled) == sorted([*map(str, range(COUNT)), "end"])
        assert broker.violations == []


async def test_an_acknowledgement_follows_the_commit(tmp_path: Path, version: Version) -> None:
    """Whatever the broker saw acknowledged is in the file at that moment."""
    with Broker(strict=True) as broker:
        file = tmp_path / "outbox.db"
        client = Client(broker.url, client_id="s", outbox=file, version=version, reconnect="lan")
        handled = list[str]()

        @client.on("n/#", dedupe="@payload")
        async def handle(payload: str) -> None:
            handled.append(payload)

        async with client:
            await client.ready(5)
            for number in range(COUNT):
                broker.publish("n/a", str(number))
            while (acknowledged := client.snapshot().handled) < COUNT:
                assert remembered(file) >= acknowledged
                await asyncio.sleep(0)
            assert len(handled) == COUNT
        client = Client(broker.url, client_id="s", outbox=file, version=version, reconnect="lan")
        client.on("n/#", dedupe="@payload")(handle)
        async with client:
            await client.ready(5)
            broker.publish("n/a", "7")
            await eventually(lambda: client.snapshot().repeats == 1)
        assert len(handled) == COUNT
