"""From start to stop: nothing hangs, nothing leaks, and stop() keeps its time whatever the handlers do."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast import Client, Message, Outbox, Retries, Will
from holdfast.errors import Stopped, Timeout, Undelivered
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import MakeClient
from tests.support.turns import turns

NOBODY = "mqtt://127.0.0.1:1"


@pytest.fixture
def ours() -> Iterator[Broker]:
    """One broker, ours, and strict."""
    with Broker(strict=True) as broker:
        yield broker


def open_files() -> int:
    """How many descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))


def timers() -> int:
    """Timers of the running loop that are not cancelled."""
    loop = asyncio.get_running_loop()
    return sum(not one.cancelled() for one in loop._scheduled)  # type: ignore[attr-defined]


def others() -> set[asyncio.Task[object]]:
    """Tasks beside this one."""
    return asyncio.all_tasks() - {asyncio.current_task()}


# -- what is left ----------------------------------------------------------------------------


async def test_nothing_is_left_after_stop(ours: Broker) -> None:
    """50 starts and stops of one client, with handler, subscription and messages: no task, timer, socket."""
    client = Client(ours.url, client_id="again", reconnect="lan")
    got: list[bytes] = []

    @client.on("again")
    async def handle(payload: bytes) -> None:
        got.append(payload)

    async with client:
        await client.ready(5)
    gc.collect()
    before = open_files(), timers(), threading.active_count()
    for _ in range(50):
        async with client, client.subscribe("other/#") as messages:
            await client.ready(5)
            await client.publish("again", "x", qos=2)
            await client.publish("other/a", "y")
            await anext(messages)
        assert others() == set()
    await eventually(lambda: (open_files(), timers(), threading.active_count()) == before)
    assert len(got) + client.snapshot().handled >= 50
    assert len(client._intents._wanted["again"].consumers) == 0
    assert list(client._intents._wanted) == ["again"]


async def test_nothing_is_left_after_stop_without_a_broker() -> None:
    """The same while dialling, and for clients that are thrown away."""
    await asyncio.sleep(0)
    before = open_files(), timers()
    for _ in range(50):
        async with Client(NOBODY, reconnect="lan", drain_s=0) as client:
            client.redial()
            await asyncio.sleep(0)
        assert others() == set()
    assert (open_files(), timers()) == before
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


async def test_dropped_receipts_cost_nothing(ours: Broker) -> None:
    """Receipts that nobody holds are gone at once; their messages are not."""
    async with Client(ours.url, client_id="drop", reconnect="lan") as client:
        await client.ready(5)
        receipt = weakref.ref(await client.publish("x", "y"))
        assert receipt() is None
        await client.flush(5)
        assert client.snapshot().ledger.acknowledged == 1
        assert not client._receipts.waited_for


async def test_readers_of_events_that_nobody_holds_are_forgotten() -> None:
    """events() in a loop with break: the bus keeps no dead readers."""
    async with Client(NOBODY, reconnect="lan", drain_s=0) as client:
        for _ in range(10):
            async for _event in client.events():
                break
            client.redial()
        gc.collect()
        assert len([one for one in client._state.bus._readers if one() is not None]) <= 1


async def test_events_overrun() -> None:
    """A slow reader gets an event that says how many it missed, then the newest; stop ends it."""
    from holdfast.client import event_bus
    from holdfast.client import events as told

    async with Client(NOBODY, reconnect="lan", drain_s=0) as client:
        events = client.events()
        for number in range(event_bus.CAPACITY + 10):
            client._state.bus.emit(told.Odd(message=str(number), kind="test"))
        first = await anext(events)
        assert isinstance(first, told.Overrun)
        assert first.missed >= 10
        rest = asyncio.create_task(drain(events))
    assert await asyncio.wait_for(rest, 5) == event_bus.CAPACITY + (await count_after(events))


async def drain(events: object) -> int:
    return len([event async for event in events])  # type: ignore[attr-defined]


async def count_after(events: object) -> int:
    """Nothing comes after the end."""
    return len([event async for event in events])  # type: ignore[attr-defined]


# -- stop ------------------------------------------------------------------------------------


async def test_stop_waits_for_the_handler_and_sends_what_it_owes(make: MakeClient) -> None:
    """A message in hand at stop() is finished and acknowledged; what waits behind it stays in the session."""
    client = make()
    got: list[str] = []
    hold = asyncio.Event()

    @client.on("stop")
    async def handle(payload: str) -> None:
        got.append(payload)
        await hold.wait()

    async with make() as sender:
        await client.start()
        await client.ready(5)
        await sender.publish("stop", "1")
        await sender.publish("stop", "2")
        await eventually(lambda: got)
        stopping = asyncio.create_task(client.stop())
        await eventually(lambda: client.status == "draining")
        with pytest.raises(Stopped):
            await client.publish("x", "y")
        with pytest.raises(Stopped):
            client.publish_nowait("x", "y")
        hold.set()
        await asyncio.wait_for(stopping, 5)
        assert got == ["1"]
        async with client:
            await eventually(lambda: got == ["1", "2"])


async def test_stop_keeps_its_time(make: MakeClient) -> None:
    """A handler that never ends, a reader that never comes back: stop() takes drain_s, no longer."""
    client = make(drain_s=0.5)
    entered = asyncio.Event()

    @client.on("stuck")
    async def handle(payload: bytes) -> None:
        entered.set()
        await asyncio.Event().wait()

    await client.start()
    await client.ready(5)
    await client.publish("stuck", "x")
    await asyncio.wait_for(entered.wait(), 5)
    began = time.monotonic()
    await client.stop()
    assert time.monotonic() - began < 0.8
    assert others() == set()
    assert client.snapshot().handled == 0


async def test_stop_without_a_link_says_what_is_lost() -> None:
    """Messages that only memory held: Undelivered with their number, after drain_s."""
    client = Client(NOBODY, client_id="lost", reconnect="lan", drain_s=0.1)
    await client.start()
    receipt = await client.publish("x", "y")
    began = time.monotonic()
    with pytest.raises(Undelivered) as undelivered:
        await client.stop()
    assert time.monotonic() - began < 0.5
    assert undelivered.value.pending == 1
    with pytest.raises(Stopped):
        await receipt.acknowledged(1)


async def test_started_again_it_sends_what_it_kept(ours: Broker) -> None:
    """Stopped with a message in memory, started again: it goes out, and its receipt may be awaited."""
    with Proxy(ours.url) as proxy:
        proxy.refuse()
        client = Client(proxy.url, client_id="kept", reconnect="lan", drain_s=0)
        await client.start()
        receipt = await client.publish("x", "y")
        with pytest.raises(Undelivered):
            await client.stop()
        proxy.heal()
        async with client:
            await receipt.acknowledged(5)
            assert receipt.state == "acknowledged"
            await client.stop(1)


async def test_started_again_after_a_stop_that_had_no_time(ours: Broker) -> None:
    """A stop that cannot wait for the link to end ends it all the same: what was in flight goes out again."""
    client = Client(ours.url, client_id="again", reconnect="lan")
    ours.hold("PUBACK")
    ours.hold("PUBREC")
    await client.start()
    await client.ready(5)
    receipts = [await client.publish("again", "x", qos=qos) for qos in (1, 2)]
    await eventually(lambda: len(ours.messages()) == 2)
    with pytest.raises(Undelivered):
        await client.stop(0)
    ours.release()
    await client.start()
    for receipt in receipts:
        await receipt.acknowledged(5)
    assert (await client.stop()).pending == 0


async def test_stop_is_heard_while_messages_pour_in(make: MakeClient) -> None:
    """A reset would take DISCONNECT and the last acknowledgements from the broker: no will, no repeats."""
    got: list[str] = []
    wills: list[str] = []
    reader = make(will=Will("wills/reader", "gone", retain=False))

    @reader.on("pour", qos=1)
    async def handle(payload: str) -> None:
        got.append(payload)

    async with make() as sender, make() as watcher:

        @watcher.on("wills/#")
        async def watch(payload: str) -> None:
            wills.append(payload)

        await watcher.ready(5)
        sent: list[str] = []
        pouring = asyncio.create_task(pour(sender, sent))
        for _ in range(5):
            async with reader:
                before = len(got)
                await eventually(lambda before=before: len(got) > before + 50)  # type: ignore[misc]
        pouring.cancel()
        await sender.flush(5)
        await sender.publish("wills/reader", "end")
        await eventually(lambda: "end" in wills)
        assert wills == ["end"]
        async with reader:
            await eventually(lambda: got[-1] == sent[-1])
        assert got == sent[sent.index(got[0]) :]


async def pour(client: Client, sent: list[str]) -> None:
    """Numbered messages as fast as they go, but leaving time for others."""
    for number in range(100_000):
        await client.publish("pour", str(number).encode())
        sent.append(str(number))
        if number % 20 == 19:
            await asyncio.sleep(0.001)


async def test_stop_twice_and_start_meanwhile(make: MakeClient) -> None:
    """A second stop() waits for the first, a start() meanwhile begins after it."""
    client = make()
    hold = asyncio.Event()
    entered = asyncio.Event()

    @client.on("twice")
    async def handle(payload: bytes) -> None:
        entered.set()
        await hold.wait()

    await client.start()
    await client.ready(5)
    await client.publish("twice", "x")
    await asyncio.wait_for(entered.wait(), 5)
    first = asyncio.create_task(client.stop())
    await eventually(lambda: client.status == "draining")
    second = asyncio.create_task(client.stop())
    third = asyncio.create_task(client.start())
    await turns()
    assert not second.done()
    assert not third.done()
    hold.set()
    await asyncio.wait_for(asyncio.gather(first, second, third), 5)
    await client.ready(5)
    await client.stop()
    await client.stop()


async def test_stop_cancelled_skips_the_drain(make: MakeClient) -> None:
    """A cancellation of stop() ends everything at once, without a rest."""
    client = make(drain_s=30)
    entered = asyncio.Event()

    @client.on("stuck")
    async def handle(payload: bytes) -> None:
        entered.set()
        await asyncio.Event().wait()

    await client.start()
    await client.ready(5)
    await client.publish("stuck", "x")
    await asyncio.wait_for(entered.wait(), 5)
    stopping = asyncio.create_task(client.stop())
    await eventually(lambda: client.status == "draining")
    stopping.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert time.monotonic() - began < 2
    assert others() == set()
    assert client.status == "disconnected"


async def test_handler_stops_the_client(make: MakeClient) -> None:
    """A handler may call stop(): it does not wait for itself, and nothing is left."""
    client = make(drain_s=10)
    ended = asyncio.Event()

    @client.on("quit")
    async def handle(payload: bytes) -> None:
        await client.stop()
        ended.set()

    await client.start()
    await client.ready(5)
    await client.publish("quit", "x")
    await asyncio.wait_for(ended.wait(), 2)
    await eventually(lambda: others() == set())
    assert client.status == "disconnected"


async def test_reader_stops_the_client(make: MakeClient) -> None:
    """A loop over a subscription may call stop(): it ends at its next step, at once."""
    async with make(drain_s=10) as client, client.subscribe("quit") as messages:
        await messages.ready(5)
        await client.publish("quit", "x")
        began = time.monotonic()
        async for _ in messages:
            await client.stop()
        assert time.monotonic() - began < 2


async def test_handlers_that_misbehave(make: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    """Raising, bad payloads and cancelled awaits: given up, counted, told; the handler goes on."""
    async with make() as client:
        got: list[int] = []
        events = client.events()

        @client.on("bad", retries=Retries(1, forever=()))
        async def handle(number: dict[str, int]) -> None:
            got.append(number["n"])
            if number["n"] == 1:
                raise RuntimeError("handler")
            if number["n"] == 2:
                lost = asyncio.get_running_loop().create_future()
                lost.cancel()
                await lost
            if number["n"] == 3:
                async with asyncio.timeout(0.001):
                    await asyncio.Event().wait()

        await client.ready(5)
        await client.publish("bad", "no json")
        for number in range(1, 5):
            await client.publish("bad", json={"n": number})
        await eventually(lambda: client.snapshot().handled == 5)
        assert got == [1, 2, 3, 4]
        assert client.snapshot().errors == 4
        assert client.snapshot().dead == len(client.dead_letters) == 4
        names = [event.name for event in [await anext(events) for _ in range(10)]]
        assert names.count("handler_failed") == names.count("message_dead") == 4
        await client.stop()
    assert "a message on bad is a dead letter: TimeoutError" in caplog.text
    assert "no json" not in caplog.text


async def test_handler_task_cancelled_from_outside(
    make: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever cancels a handler's task is heard, and its messages are not lost in silence."""
    client = make()
    async with client, make() as sender:
        entered = asyncio.Event()

        @client.on("killed")
        async def handle(payload: bytes) -> None:
            entered.set()
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

        await client.ready(5)
        await sender.publish("killed", "1")
        await asyncio.wait_for(entered.wait(), 5)
        await eventually(lambda: "takes no more messages" in caplog.text)
        async with client.subscribe("killed") as messages:
            assert (await asyncio.wait_for(anext(messages), 5)).text() == "1"


async def test_handler_publishes_and_waits(make: MakeClient) -> None:
    """A handler that publishes and awaits the acknowledgement makes way, on the same connection."""
    async with make() as client:
        got: list[Message] = []

        @client.on("in/#", qos=2)
        async def forward(message: Message) -> None:
            receipt = await client.publish("out", message.payload, qos=2)
            await receipt.acknowledged(5)

        @client.on("out")
        async def collect(message: Message) -> None:
            got.append(message)

        await client.ready(5)
        for number in range(30):
            await client.publish("in/x", str(number), qos=2)
        await eventually(lambda: len(got) == 30)
        assert [one.text() for one in got] == [str(n) for n in range(30)]


# -- cancellation and time limits at every await ---------------------------------------------


async def test_every_wait_ends_with_its_limit() -> None:
    """Without a broker each wait ends in its named error, in its time."""
    async with Client(NOBODY, client_id="limits", reconnect="lan", drain_s=0) as client:
        receipt = await client.publish("x", "y", qos=0)
        async with client.subscribe("a") as messages:
            for wait in (client.ready, client.flush, receipt.acknowledged, messages.ready):
                began = time.monotonic()
                with pytest.raises(Timeout):
                    await wait(0.05)
                assert 0.04 <= time.monotonic() - began < 0.5
        with pytest.raises(Undelivered):
            await client.stop()


async def test_every_wait_can_be_cancelled() -> None:
    """Each wait ends at once when it is cancelled, keeps nothing behind, and harms nobody else."""
    client = Client(NOBODY, client_id="cancel", reconnect="lan", drain_s=0)
    await client.start()
    receipt = await client.publish("x", "y")
    other = asyncio.create_task(receipt.acknowledged())
    async with client.subscribe("a") as messages:
        for make_wait in (
            client.ready,
            client.flush,
            receipt.acknowledged,
            messages.ready,
            messages.__anext__,
            lambda: client.unsubscribe("q"),
        ):
            for _ in range(3):
                task = asyncio.ensure_future(make_wait())
                await asyncio.sleep(0.001)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        assert not other.done()
    assert len(client._state.changed._waiters) == 0
    with pytest.raises(Undelivered):
        await client.stop()
    with pytest.raises(Stopped):
        await other


async def test_cancelling_publish_while_it_waits_for_room(ours: Broker) -> None:
    """Cancelled before the hand-over: not accepted, and the books say so."""
    ours.hold("PUBACK")
    outbox = Outbox(max_bytes=3000)
    client = Client(ours.url, client_id="room", reconnect="lan", drain_s=2, outbox=outbox)
    async with client:
        await client.ready(5)
        await client.publish("x", b"y" * 2500)
        waiting = asyncio.create_task(client.publish("x", b"z" * 2500))
        behind = asyncio.create_task(client.publish("x", b"!" * 2500))
        await turns()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        ours.release()
        await asyncio.wait_for(behind, 5)
        await client.flush(5)
        assert [message.payload[:1] for message in ours.messages("x")] == [b"y", b"!"]
        assert client.snapshot().ledger.accepted == 2


async def test_cancelled_at_any_step(ours: Broker) -> None:
    """A program cancelled after any number of loop turns leaves no task, and the next one works."""

    async def program(client: Client) -> None:
        async with client, client.subscribe("step") as messages:
            await client.ready(5)
            receipt = await client.publish("step", "x", qos=2)
            await receipt.acknowledged(5)
            async for _ in messages:
                break

    turns = 0
    while True:
        task = asyncio.create_task(program(Client(ours.url, client_id="step", reconnect="lan", drain_s=0.2)))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            await task
            break
        task.cancel()
        try:
            async with asyncio.timeout(2):
                await task
        except (asyncio.CancelledError, Undelivered):
            pass
        await eventually(lambda: others() == set(), 0.2)  # asyncio's own dialling needs a turn to end
        turns += 1 + turns // 5
    assert turns > 20
    await asyncio.wait_for(program(Client(ours.url, client_id="step", reconnect="lan")), 5)


# -- threads ---------------------------------------------------------------------------------


async def test_snapshot_and_redial_from_other_threads(ours: Broker) -> None:
    """Reading the snapshot again and again elsewhere never fails and always balances."""
    stop = threading.Event()
    failures: list[BaseException] = []
    reads = 0
    client = Client(ours.url, client_id="threads", reconnect="lan")

    def watch() -> None:
        nonlocal reads
        while not stop.wait(0.0005):  # without it the interpreter's lock is what is tested
            try:
                ledger = client.snapshot().ledger
                ended = ledger.acknowledged + ledger.sent + ledger.failed + ledger.expired + ledger.dropped
                assert ledger.accepted == ended + ledger.pending
                client.redial()
                reads += 1
            except Stopped:
                pass
            except BaseException as error:
                failures.append(error)
                return

    thread = threading.Thread(target=watch)
    async with client:
        thread.start()
        await client.ready(5)
        for number in range(600):
            await client.publish("x", "y", qos=(0, 1, 2)[number % 3])
            if number % 200 == 100:
                ours.cut()
            if number % 20 == 0:
                await asyncio.sleep(0)
        await client.flush(10)
        await eventually(lambda: reads > 10 or failures, 10)
    stop.set()
    await asyncio.to_thread(thread.join)
    assert failures == []


async def test_every_coroutine_from_another_loop(ours: Broker) -> None:
    """Each coroutine of the client may be awaited from any running loop: it hops."""
    client = Client(ours.url, client_id="hop", reconnect="lan", outbox=Outbox(max_bytes=5000))
    await client.start()

    async def elsewhere() -> int:
        await client.ready(5)
        receipts = [await client.publish("hop", b"x" * 1000, qos=2) for _ in range(50)]
        for receipt in receipts:
            await receipt.acknowledged(5)
        group = await client.publish_many([("hop", b"x" * 1000)] * 3)
        await group.acknowledged()
        await client.flush(5)
        await client.unsubscribe("old/#")
        return (await client.stop()).accepted

    assert await asyncio.wait_for(asyncio.to_thread(asyncio.run, elsewhere()), 20) == 53
    assert client.status == "disconnected"
    assert others() == set()


def test_constructor_needs_no_loop(tmp_path: Path) -> None:
    """The constructor does no I/O and needs no event loop."""
    client = Client("mqtt://nowhere.invalid", client_id="idle")
    assert client.status == "disconnected"
    assert client.snapshot().ledger.accepted == 0
