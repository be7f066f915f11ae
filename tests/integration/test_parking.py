"""What holds up the line is kept in the outbox file, and the others go on (contract 13, 15)."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Limits, Outbox, QoS, Retries, Retry
from holdfast.client import refill, shelf
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient, on_tcp

SOON = Retries(1_000_000, first_delay_s=0.02, max_delay_s=0.02)
QUICK = Limits(hold_limit_s=0.3, unclaimed_s=0.2)


async def publish_rounds(sender: Client, keys: int, rounds: int, pause_s: float) -> None:
    """One message of each key a round, numbered."""
    for number in range(rounds):
        for key in range(keys):
            await sender.publish(f"plant/{key}", str(number))
        await asyncio.sleep(pause_s)
    await sender.flush(30)


class Plants:
    """Handles messages by key; one key fails until it is well."""

    def __init__(self, client: Client, **options: Any) -> None:
        self.got: defaultdict[str, list[int]] = defaultdict(list)
        self.runs: Counter[str] = Counter()
        self.well = asyncio.Event()

        @client.on("plant/{key}", key="{key}", concurrency=4, retries=SOON, **options)
        async def handle(payload: str, key: str) -> None:
            self.runs[key] += 1
            if key == "0" and not self.well.is_set():
                raise Retry("no such plant")
            self.got[key].append(int(payload))

    def handled_by_others(self) -> int:
        return sum(len(numbers) for key, numbers in self.got.items() if key != "0")


async def fail_for_a_while(
    make: MakeClient, path: Path, limits: Limits, keys: int, rounds: int, pause_s: float
) -> None:
    client = make(outbox=path, limits=limits)
    plants = Plants(client)
    async with client, make() as sender:
        await client.ready(5)
        await publish_rounds(sender, keys, rounds, pause_s)
        others = (keys - 1) * rounds
        await eventually(lambda: plants.handled_by_others() == others, limits.hold_limit_s * 3 + 5)
        assert plants.got["0"] == []
        await eventually(lambda: client.snapshot().handled == keys * rounds, 10)
        now = client.snapshot()
        assert (now.held, now.head_of_line_s) == (rounds, 0)
        assert now.ledger.accepted == 0
        plants.well.set()
        await eventually(lambda: client.snapshot().held == 0, 10)
        assert all(plants.got[str(key)] == list(range(rounds)) for key in range(keys))


@on_tcp
async def test_one_key_fails_and_the_others_go_on(make: MakeClient, tmp_path: Path) -> None:
    """Contract 13, scaled: its messages wait in the file in their order, and nothing else waits for them."""
    await fail_for_a_while(make, tmp_path / "plants.db", QUICK, keys=40, rounds=20, pause_s=0.05)


@pytest.mark.chaos
@on_tcp
async def test_one_key_fails_for_five_minutes(make: MakeClient, tmp_path: Path) -> None:
    """Contract 13, whole: 999 others at full rate."""
    await fail_for_a_while(make, tmp_path / "plants.db", Limits(), keys=1000, rounds=600, pause_s=0.5)


@on_tcp
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_handler_in_hand_is_left_to_finish(make: MakeClient, tmp_path: Path, qos: QoS) -> None:
    """Its message is acknowledged meanwhile; its outcome settles the row, and it never runs twice."""
    runs: list[str] = []
    go_on = asyncio.Event()
    client = make(outbox=tmp_path / "slow.db", limits=QUICK)

    @client.on("slow", qos=qos)
    async def slow(payload: str) -> None:
        runs.append(payload)
        await go_on.wait()

    @client.on("quick", qos=qos)
    async def quick(payload: str) -> None:
        runs.append(payload)

    async with client:
        await client.ready(5)
        await client.publish("slow", "1", qos=qos)
        await eventually(lambda: runs == ["1"])
        await client.publish("slow", "2", qos=qos)
        await client.publish("quick", "3", qos=qos)
        await eventually(lambda: client.snapshot().handled == 3)
        assert (runs, client.snapshot().held) == (["1", "3"], 2)
        go_on.set()
        await eventually(lambda: client.snapshot().held == 0)
    assert runs == ["1", "3", "2"]


@on_tcp
async def test_more_is_kept_than_memory_holds(
    make: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept in the file alone comes back in its order; what comes meanwhile comes behind it."""
    monkeypatch.setattr(shelf, "MOST", 10)
    monkeypatch.setattr(refill, "PAGE", 7)
    got: list[int] = []
    well = asyncio.Event()
    client = make(outbox=tmp_path / "many.db", limits=QUICK)

    @client.on("all", retries=SOON)
    async def handle(payload: str) -> None:
        if not well.is_set():
            raise Retry
        got.append(int(payload))

    async with client, make() as sender:
        await client.ready(5)
        for number in range(300):
            await sender.publish("all", str(number))
        await eventually(lambda: client.snapshot().held == 300, 10)
        well.set()
        for number in range(300, 600):
            await sender.publish("all", str(number))
        await eventually(lambda: len(got) == 600, 20)
        await eventually(lambda: client.snapshot().held == 0)
    assert got == list(range(600))


@on_tcp
async def test_a_full_file_leaves_it_to_the_broker(make: MakeClient, tmp_path: Path) -> None:
    """The line waits, as it does without one; nothing is lost, and it goes on by itself."""
    outbox = Outbox(tmp_path / "small.db", max_held_bytes=1024)
    client = make(outbox=outbox, limits=QUICK)
    plants = Plants(client)
    async with client, make() as sender:
        await client.ready(5)
        await publish_rounds(sender, keys=4, rounds=30, pause_s=0.02)
        await eventually(lambda: client.snapshot().head_of_line_s > 2 * QUICK.hold_limit_s)
        assert 0 < client.snapshot().held < 10
        plants.well.set()
        await eventually(lambda: client.snapshot().handled == 120, 10)
        await eventually(lambda: client.snapshot().held == 0)
    assert all(plants.got[str(key)] == list(range(30)) for key in range(4))


@on_tcp
async def test_without_a_file_the_line_waits(make: MakeClient) -> None:
    """And says since when."""
    client = make(limits=QUICK)
    plants = Plants(client)
    async with client:
        await client.ready(5)
        await publish_rounds(client, keys=2, rounds=1, pause_s=0)
        await eventually(lambda: client.snapshot().head_of_line_s > 2 * QUICK.hold_limit_s)
        assert (client.snapshot().handled, client.snapshot().held) == (1, 0)
        plants.well.set()
        await eventually(lambda: client.snapshot().head_of_line_s == 0)


@on_tcp
async def test_without_a_file_it_may_be_given_up(make: MakeClient) -> None:
    """``overdue="dead_letter"``: one dead letter, the others go on, and its handler has it no more."""
    client = make(limits=Limits(hold_limit_s=0.3, overdue="dead_letter"))
    plants = Plants(client)
    async with client:
        await client.ready(5)
        await publish_rounds(client, keys=5, rounds=1, pause_s=0)
        await eventually(lambda: client.snapshot().dead == 1)
        assert [letter.topic for letter in client.dead_letters] == ["plant/0"]
        await eventually(lambda: client.snapshot().handled == 5)
        runs = plants.runs["0"]
        await publish_rounds(client, keys=5, rounds=1, pause_s=0.1)
        plants.well.set()
        await eventually(lambda: plants.got["0"] == [0])
        assert client.snapshot().handled in (9, 10)
        assert plants.runs["0"] > runs


@on_tcp
async def test_a_message_for_two_handlers_is_kept_for_both(make: MakeClient, tmp_path: Path) -> None:
    """Contract 16: acknowledged when the file has it; settled when both are done."""
    runs: Counter[str] = Counter()
    well = asyncio.Event()
    client = make(outbox=tmp_path / "both.db", limits=QUICK)

    @client.on("both/+", retries=SOON)
    async def fail(payload: str) -> None:
        runs["fail"] += 1
        if not well.is_set():
            raise Retry

    @client.on("both/+")
    async def handle(payload: str) -> None:
        runs["handle"] += 1

    async with client:
        await client.ready(5)
        await client.publish("both/1", "")
        await eventually(lambda: client.snapshot().handled == 1)
        assert client.snapshot().held == 2
        well.set()
        await eventually(lambda: client.snapshot().held == 0)
    assert runs["handle"] == 1
