"""A crowd publishes through one client while its link is cut: threads, tasks and groups, at every QoS."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

from holdfast import Client, Ledger, Limits, Message, Receipt
from holdfast.errors import Stopped, Undelivered
from holdfast.messages import QoS
from holdfast.testing import Broker, eventually

THREADS = 16
EACH = 1_000
TASKS = 8
EACH_TASK = 200
GROUPS = 40
GROUP = 50
CUT_AFTER = 4_000
"""Messages that the broker has taken between two cuts."""

CUTS = 3
EXPECTED = THREADS * EACH + TASKS * EACH_TASK + GROUPS * GROUP


def qos_of(number: int) -> QoS:
    """The QoS of the message with this number: 0, 1 and 2 in turn."""
    return (0, 1, 2)[number % 3]


class Crowd:
    """Who publishes, and the receipts of what each did."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.receipts: list[Receipt] = []
        self.failures: list[BaseException] = []
        self.threads = [
            threading.Thread(target=self._guarded, args=(self._thread, number)) for number in range(THREADS)
        ]

    def _guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            self.failures.append(error)

    def _thread(self, number: int) -> None:
        """Half of the threads wait for some of their messages, on a loop of their own."""
        kept = []
        for each in range(EACH):
            receipt = self._client.publish_nowait(f"crowd/thread-{number}", str(each), qos=qos_of(each))
            if each % 100 == 1:
                kept.append(receipt)
        self.receipts += kept
        if number % 2:
            asyncio.run(_all_acknowledged(kept))

    async def task(self, number: int) -> None:
        """Publish, and wait for every message before the next."""
        for each in range(EACH_TASK):
            qos: QoS = 1 if number % 2 else 2
            receipt = await self._client.publish(f"crowd/task-{number}", str(each), qos=qos)
            await receipt.acknowledged(30)

    async def groups(self) -> None:
        """One group after the other; every second receipt is not kept."""
        for group in range(GROUPS):
            messages = [("crowd/groups", str(group * GROUP + each)) for each in range(GROUP)]
            qos: QoS = 2 if group % 2 else 1
            receipt = await self._client.publish_many(messages, qos=qos)
            if group % 2:
                self.receipts.append(receipt)
            await asyncio.sleep(0)


async def _all_acknowledged(receipts: list[Receipt]) -> None:
    for receipt in receipts:
        await receipt.acknowledged(30)


def balanced(ledger: Ledger) -> bool:
    """The equation of contract 7."""
    ended = ledger.acknowledged + ledger.sent + ledger.failed + ledger.expired + ledger.dropped
    return ledger.accepted == ended + ledger.pending


def first_arrivals(messages: list[Message]) -> dict[str, list[int]]:
    """The numbers by topic as they first came at QoS 1 and 2; only a resend at QoS 1 may come again."""
    came: dict[str, list[int]] = defaultdict(list)
    seen: set[tuple[str, bytes]] = set()
    for message in messages:
        if message.qos and (message.topic, message.payload) not in seen:
            seen.add((message.topic, message.payload))
            came[message.topic].append(int(message.payload))
        elif message.qos:
            assert (message.qos, message.duplicate) == (1, True)
    return came


def has_acknowledged(client: Client, count: int) -> bool:
    """Whether so many messages are."""
    return client.snapshot().ledger.acknowledged >= count


async def cut_now_and_then(broker: Broker, client: Client) -> None:
    """Cut the link in the middle of it; the books are balanced whenever anybody looks."""
    for cut in range(1, CUTS + 1):
        await eventually(partial(has_acknowledged, client, cut * CUT_AFTER), 30)
        assert balanced(client.snapshot().ledger)
        broker.cut()


async def test_a_crowd_through_cut_links() -> None:
    """16 threads, 8 tasks and groups: nothing is lost or overtaken, and all of it is in the books."""
    with Broker(strict=True) as broker:
        limits = Limits(qos0_outbox=EXPECTED)
        async with Client(broker.url, client_id="crowd", reconnect="lan", limits=limits) as client:
            await client.ready(5)
            crowd = Crowd(client)
            for thread in crowd.threads:
                thread.start()
            async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
                tasks.create_task(cut_now_and_then(broker, client))
                tasks.create_task(crowd.groups())
                for number in range(TASKS):
                    tasks.create_task(crowd.task(number))
            for thread in crowd.threads:
                await asyncio.to_thread(thread.join, 30)
            await client.flush(30)
            assert crowd.failures == []
            await _all_acknowledged(crowd.receipts)
            assert client.snapshot().disconnections
            ledger = client.snapshot().ledger
        assert broker.violations == []
        assert (ledger.accepted, ledger.pending, ledger.failed) == (EXPECTED, 0, 0)
        assert balanced(ledger)
        came = first_arrivals(broker.messages("crowd/#"))
    kept = [number for number in range(EACH) if qos_of(number)]
    for number in range(THREADS):
        assert came[f"crowd/thread-{number}"] == kept
    for number in range(TASKS):
        assert came[f"crowd/task-{number}"] == list(range(EACH_TASK))
    assert came["crowd/groups"] == list(range(GROUPS * GROUP))


async def test_a_crowd_through_stops_and_starts() -> None:
    """8 threads go on publishing while the client stops, with time to spare or none, and starts again."""
    with Broker(strict=True) as broker:
        client = Client(
            broker.url, client_id="restless", reconnect="lan", limits=Limits(qos0_outbox=EXPECTED)
        )
        enough, accepted, failures = threading.Event(), [0] * 8, list[BaseException]()

        def publish(number: int) -> None:
            try:
                while not enough.is_set():
                    with contextlib.suppress(Stopped):
                        for _ in range(20):
                            qos: QoS = 2 if accepted[number] % 2 else 1
                            client.publish_nowait(f"crowd/{number}", str(accepted[number]), qos=qos)
                            accepted[number] += 1
                    time.sleep(0.001)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for time_left in (0, 0.1, 0, 0.3, 0):
            await client.start()
            await asyncio.sleep(0.05)
            with contextlib.suppress(Undelivered):
                await client.stop(time_left)
            assert balanced(client.snapshot().ledger)
        await client.start()
        enough.set()
        for thread in threads:
            await asyncio.to_thread(thread.join, 30)
        await client.flush(20)
        ledger = await client.stop()
        assert (failures, broker.violations) == ([], [])
        assert (ledger.accepted, ledger.pending) == (ledger.acknowledged, 0) == (sum(accepted), 0)
        came = first_arrivals(broker.messages("crowd/#"))
    assert [came[f"crowd/{number}"] for number in range(8)] == [list(range(count)) for count in accepted]
