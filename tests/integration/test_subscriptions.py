"""What a subscription promises: its five exits (contract 15), overlap (16), and the session that keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from holdfast import Client, Limits, Message, QoS, Subscription
from holdfast.errors import ConfigurationError, NotReady
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient, Version


@asynccontextmanager
async def publishing(make: MakeClient) -> AsyncIterator[Client]:
    """Another client, to publish with."""
    async with make() as sender:
        await sender.ready(5)
        yield sender


async def send(sender: Client, topic: str, *payloads: str, retain: bool = False) -> None:
    """Publish these at QoS 1, and wait until the broker has them."""
    for payload in payloads:
        receipt = await sender.publish(topic, payload, retain=retain)
        await receipt.acknowledged(5)


async def texts(messages: Subscription, count: int) -> list[str]:
    """The next so many payloads."""
    return [(await asyncio.wait_for(anext(messages), 5)).text() for _ in range(count)]


async def test_messages_on_their_way_when_the_reader_has_enough(make: MakeClient) -> None:
    """What the broker had sent before it heard of UNSUBSCRIBE is acknowledged, and nobody is alarmed."""
    async with make() as client, publishing(make) as sender:
        async with client.subscribe("way/#") as messages:
            await messages.ready(5)
            await send(sender, "way/a", *map(str, range(100)))
            assert await texts(messages, 1) == ["0"]
        await gone_from_the_broker(client)
        await eventually(lambda: client.snapshot().handled == client.snapshot().received)


async def gone_from_the_broker(client: Client) -> None:
    """Every UNSUBSCRIBE is answered."""
    await eventually(lambda: client._core is not None and not client._core.consumers.unsubscribing)


async def leave_by_break(messages: Subscription) -> None:
    async for message in messages:
        assert message.text() == "1"
        break


async def leave_by_return(client: Client, sender: Client) -> str:
    async with client.subscribe("exit") as messages:
        await messages.ready(5)
        await send(sender, "exit", "1", "2", "3")
        await eventually(lambda: client.snapshot().received == 3)
        async for message in messages:
            return message.text()
    raise AssertionError


async def test_exit_by_break_is_enough(make: MakeClient) -> None:
    """Break: the message in hand and those waiting are acknowledged, and the broker is asked to stop."""
    client = make()
    async with client, publishing(make) as sender:
        async with client.subscribe("exit") as messages:
            await messages.ready(5)
            await send(sender, "exit", "1", "2", "3")
            await eventually(lambda: client.snapshot().received == 3)
            await leave_by_break(messages)
        assert messages.discarded == 2
        await gone_from_the_broker(client)
        await send(sender, "exit", "4")
        assert (client.snapshot().received, client.snapshot().handled) == (3, 3)
    async with client, client.subscribe("exit") as messages, publishing(make) as sender:
        await messages.ready(5)
        await send(sender, "exit", "5")
        assert await texts(messages, 1) == ["5"]


async def test_exit_by_return_is_enough(make: MakeClient) -> None:
    """Return out of the block: as break."""
    client = make()
    async with client, publishing(make) as sender:
        assert await leave_by_return(client, sender) == "1"
        assert client.snapshot().handled == 3
    async with client, publishing(make) as sender, client.subscribe("exit") as messages:
        await messages.ready(5)
        await send(sender, "exit", "4")
        assert await texts(messages, 1) == ["4"]


class Failure(Exception):
    """The reader's."""


async def fail_on_first(client: Client, sender: Client) -> None:
    async with client.subscribe("exit") as messages:
        await messages.ready(5)
        await send(sender, "exit", "1", "2")
        async for _ in messages:
            raise Failure


async def test_exit_by_exception_keeps_all(make: MakeClient) -> None:
    """An exception: nothing is acknowledged, the session keeps the filter, the next reader gets all."""
    async with make() as client, publishing(make) as sender:
        with pytest.raises(Failure):
            await fail_on_first(client, sender)
        assert client.snapshot().handled == 0
        await send(sender, "exit", "3")
        async with client.subscribe("exit") as messages:
            assert await texts(messages, 3) == ["1", "2", "3"]
            await send(sender, "exit", "4")
            assert await texts(messages, 1) == ["4"]


async def fail_at_once(client: Client, filter: str) -> None:
    async with client.subscribe(filter) as messages:
        await messages.ready(5)
        raise ZeroDivisionError


async def test_exit_by_exception_beside_enough_of_a_wider_filter(make: MakeClient, version: Version) -> None:
    """What comes by the filter that is kept is the next reader's, though another had enough of its topic."""
    async with make(version=version) as client, publishing(make) as sender:
        async with client.subscribe("exit/#") as wider:
            await wider.ready(5)
        with pytest.raises(ZeroDivisionError):
            await fail_at_once(client, "exit/a")
        await send(sender, "exit/a", "1")
        await eventually(lambda: client.snapshot().received == 1)
        async with client.subscribe("exit/a") as messages:
            assert await texts(messages, 1) == ["1"]


async def test_exit_by_exception_over_a_restart(make: MakeClient) -> None:
    """What an exception left is delivered anew to the same client after a restart."""
    client = make()
    async with client, publishing(make) as sender:
        with pytest.raises(Failure):
            await fail_on_first(client, sender)
    async with client, client.subscribe("exit") as messages:
        assert await texts(messages, 2) == ["1", "2"]


async def test_exit_by_cancellation_keeps_all(make: MakeClient) -> None:
    """Cancellation: as an exception."""
    async with make() as client, publishing(make) as sender:
        started = asyncio.Event()

        async def read() -> None:
            async with client.subscribe("exit") as messages:
                await messages.ready(5)
                await send(sender, "exit", "1", "2")
                async for _ in messages:
                    started.set()
                    await asyncio.Event().wait()

        task = asyncio.create_task(read())
        await asyncio.wait_for(started.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with client.subscribe("exit") as messages:
            assert await texts(messages, 2) == ["1", "2"]


async def test_exit_by_stop_keeps_what_was_not_handled(make: MakeClient) -> None:
    """client.stop(): the loop finishes the message in hand and ends; the others stay in the session."""
    client = make()
    async with publishing(make) as sender:
        await client.start()
        read: list[str] = []
        hold = asyncio.Event()

        async def reader() -> None:
            async with client.subscribe("exit") as messages:
                async for message in messages:
                    read.append(message.text())
                    await hold.wait()

        task = asyncio.create_task(reader())
        await client.ready(5)
        await send(sender, "exit", "1", "2", "3")
        await eventually(lambda: read)
        stopping = asyncio.create_task(client.stop())
        await eventually(lambda: client.status == "draining")
        hold.set()
        await asyncio.wait_for(stopping, 5)
        await asyncio.wait_for(task, 5)
        assert read == ["1"]
        async with client, client.subscribe("exit") as messages:
            assert await texts(messages, 2) == ["2", "3"]


async def test_unclaimed_messages_are_given_up_and_named(make: MakeClient) -> None:
    """What nobody takes within unclaimed_s is acknowledged with an event naming the topic."""
    client = make(limits=Limits(unclaimed_s=0.1))
    async with client, publishing(make) as sender:
        events = client.events()
        with pytest.raises(Failure):
            await fail_on_first(client, sender)
        await eventually(lambda: client.snapshot().handled == 2)
        async with asyncio.timeout(5):
            names = []
            async for event in events:
                if event.name == "unclaimed":
                    names.append(event)
                    if len(names) == 2:
                        break
        assert all("exit" in event.message for event in names)
    async with client, client.subscribe("exit") as messages, publishing(make) as sender:
        await send(sender, "exit", "9")
        assert await texts(messages, 1) == ["9"]


async def test_two_readers_of_one_filter(make: MakeClient) -> None:
    """Two subscriptions on one filter both get every message; it is acknowledged when both are done."""
    async with make() as client, publishing(make) as sender:
        async with client.subscribe("two") as first, client.subscribe("two") as second:
            await client.ready(5)
            await send(sender, "two", "1", "2")
            assert await texts(first, 2) == ["1", "2"]
            assert client.snapshot().handled == 0
            assert await texts(second, 2) == ["1", "2"]
            await eventually(lambda: client.snapshot().handled == 1)
        assert client.snapshot().handled == 2
        async with client.subscribe("two") as third:
            await third.ready(5)
            await send(sender, "two", "3")
            assert await texts(third, 1) == ["3"]


async def test_one_of_two_leaves(make: MakeClient) -> None:
    """When one of two readers of a filter has enough, the other goes on."""
    async with make() as client, publishing(make) as sender, client.subscribe("two") as stays:
        async with client.subscribe("two") as goes:
            await client.ready(5)
            await send(sender, "two", "1")
            assert await texts(goes, 1) == ["1"]
        await send(sender, "two", "2")
        assert await texts(stays, 2) == ["1", "2"]


async def test_overlapping_filters(make: MakeClient, version: Version) -> None:
    """Handlers of overlapping filters all run; in MQTT 5, once per copy that the broker sent for them."""
    async with make() as client, publishing(make) as sender:
        wide: list[str] = []
        narrow: list[str] = []

        @client.on("over/#")
        async def all_of_it(payload: str) -> None:
            wide.append(payload)

        @client.on("over/a")
        async def some_of_it(payload: str) -> None:
            narrow.append(payload)

        await client.ready(5)
        await send(sender, "over/a", "1", "2", "3")
        await send(sender, "over/b", "end")
        await eventually(lambda: "end" in wide and len(narrow) >= 3)
        assert list(dict.fromkeys(wide)) == ["1", "2", "3", "end"]
        assert list(dict.fromkeys(narrow)) == ["1", "2", "3"]
        if version == "5":
            assert len(wide) == 4
            assert len(narrow) == 3


@pytest.mark.parametrize("retained", ["always", "new", "never"])
async def test_retained(make: MakeClient, retained: str, version: Version) -> None:
    """always and new bring the stored message to a new subscription, flagged; never does not."""
    async with publishing(make) as sender:
        await send(sender, "kept/a", "stored", retain=True)
        async with make() as client, client.subscribe("kept/#", retained=retained) as messages:  # type: ignore[arg-type]
            await messages.ready(5)
            await send(sender, "kept/b", "live")
            first = await asyncio.wait_for(anext(messages), 5)
            if retained == "never":
                assert first.text() == "live"
            else:
                assert (first.text(), first.retain) == ("stored", True)
                assert await texts(messages, 1) == ["live"]
        await send(sender, "kept/a", "", retain=True)


async def test_retained_never_takes_live_messages_with_the_flag(make: MakeClient) -> None:
    """A message published with retain while we are subscribed is live, whatever retained= says."""
    async with publishing(make) as sender, make() as client:
        async with client.subscribe("kept/#", retained="never") as messages:
            await messages.ready(5)
            await send(sender, "kept/c", "live", retain=True)
            assert await texts(messages, 1) == ["live"]
        await send(sender, "kept/c", "", retain=True)


def collecting(client: Client, filter: str, qos: QoS = 1) -> list[Message]:
    """What a handler of this filter gets."""
    got: list[Message] = []

    @client.on(filter, qos=qos)
    async def handle(message: Message) -> None:
        got.append(message)

    return got


async def test_no_second_replay_on_a_resumed_session(make: MakeClient, version: Version) -> None:
    """A resumed session is subscribed again without a second replay of stored messages in MQTT 5."""
    async with publishing(make) as sender:
        await send(sender, "again/a", "stored", retain=True)
        for start, flags in enumerate([[True, False], [False] if version == "5" else [True, False]]):
            client = make(client_id="again")
            got = collecting(client, "again/#")
            async with client:
                await client.ready(5)
                await send(sender, "again/b", f"live {start}")
                await eventually(lambda got=got: any(not one.retain for one in got))  # type: ignore[misc]
            assert [one.retain for one in got] == flags
        await send(sender, "again/a", "", retain=True)


async def test_session_kept_for_a_new_process(make: MakeClient) -> None:
    """A new Client object with the same id takes over: what was published meanwhile arrives, once."""
    async with publishing(make) as sender:
        async with make(client_id="taken-over") as client:
            collecting(client, "away", qos=2)
            await client.ready(5)
        for number in range(20):
            await sender.publish("away", str(number), qos=2)
        await sender.flush(5)
        client = make(client_id="taken-over")
        got = collecting(client, "away", qos=2)
        async with client:
            await eventually(lambda: len(got) == 20)
        assert [one.text() for one in got] == [str(number) for number in range(20)]


async def test_messages_of_a_kept_session_wait_for_their_reader(make: MakeClient) -> None:
    """Messages that come before the subscription is entered wait for it."""
    async with publishing(make) as sender:
        async with make(client_id="late") as client, client.subscribe("late") as messages:
            await messages.ready(5)
            await client.stop()
        await send(sender, "late", "1", "2", "3")
        async with make(client_id="late") as client:
            await eventually(lambda: client.snapshot().received == 3)
            async with client.subscribe("late") as messages:
                assert await texts(messages, 3) == ["1", "2", "3"]


async def test_shared(make: MakeClient) -> None:
    """A shared subscription splits the messages between its members."""
    got: dict[str, list[str]] = {"a": [], "b": []}

    def member(name: str) -> Client:
        client = make()

        @client.on("work/#", share="crew")
        async def handle(payload: str) -> None:
            got[name].append(payload)

        return client

    async with member("a") as one, member("b") as two, publishing(make) as sender:
        await one.ready(5)
        await two.ready(5)
        await send(sender, "work/x", *map(str, range(40)))
        await eventually(lambda: len(got["a"]) + len(got["b"]) == 40)
        assert got["a"]
        assert got["b"]
        assert sorted([*got["a"], *got["b"]], key=int) == [str(n) for n in range(40)]


async def test_unsubscribe_forgets_what_an_older_version_left(make: MakeClient) -> None:
    """unsubscribe() ends a filter of the kept session that nobody here wants."""
    async with make(client_id="older") as client, client.subscribe("left/#") as messages:
        await messages.ready(5)
        await client.stop()
    async with make(client_id="older") as client, publishing(make) as sender:
        await asyncio.wait_for(client.unsubscribe("left/#", "never/wanted"), 5)
        await send(sender, "left/x", "1")
        assert client.snapshot().received == 0


async def test_unsubscribe_offline_twice_ends(make: MakeClient) -> None:
    """Two unsubscribes of one filter without a connection both end with the one that follows."""
    async with make() as client:
        await client.ready(5)
        both = [asyncio.create_task(client.unsubscribe("gone/#")) for _ in range(2)]
        done, _ = await asyncio.wait(both, timeout=5)
        assert len(done) == 2


async def test_ready_after_leaving_does_not_hang(make: MakeClient) -> None:
    """Who waits for a subscription that is left is told."""
    async with make(url="mqtt://127.0.0.1:1") as client:
        async with client.subscribe("x") as messages:
            waiting = asyncio.create_task(messages.ready())
            await asyncio.sleep(0)
        with pytest.raises(NotReady):
            await asyncio.wait_for(waiting, 5)
        with pytest.raises(TypeError):
            await messages.ready()
        with pytest.raises(ConfigurationError):
            await messages.__aenter__()


async def test_batches(make: MakeClient) -> None:
    """Batches come in order, as large as they may be, and are acknowledged as one."""
    async with make() as client, publishing(make) as sender, client.subscribe("batch") as messages:
        await messages.ready(5)
        await send(sender, "batch", *map(str, range(10)))
        await eventually(lambda: client.snapshot().received == 10)
        batches = messages.batches(6, wait_s=0.01)
        first = await asyncio.wait_for(anext(batches), 5)
        assert [one.text() for one in first] == list("012345")
        assert client.snapshot().handled == 0
        second = await asyncio.wait_for(anext(batches), 5)
        assert [one.text() for one in second] == list("6789")
        assert client.snapshot().handled == 6


async def test_batches_cancelled_lose_nothing(make: MakeClient) -> None:
    """A wait for a batch that is cancelled half full gives its messages to the next wait."""
    async with make() as client, publishing(make) as sender, client.subscribe("batch") as messages:
        await messages.ready(5)
        batches = messages.batches(10, wait_s=60)
        waiting = asyncio.ensure_future(anext(batches))
        await send(sender, "batch", "1", "2")
        await eventually(lambda: client.snapshot().received == 2)
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert client.snapshot().handled == 0
        got = await asyncio.wait_for(anext(messages.batches(2, wait_s=60)), 5)
        assert [one.text() for one in got] == ["1", "2"]


async def test_a_batch_that_a_stop_cuts_short_is_handled_once(make: MakeClient) -> None:
    """At QoS 2, over the stop of the client: what was gathered so far is given after it, and not before."""
    client, got = make(), list[str]()

    async def read(wait_s: float) -> None:
        async with client.subscribe("short", qos=2) as messages:
            async for batch in messages.batches(10, wait_s=wait_s):
                got.extend(message.text() for message in batch)

    async with publishing(make) as sender:
        for wait_s in (60, 0.01):
            async with client:
                task = asyncio.create_task(read(wait_s))
                await client.ready(5)
                if wait_s == 60:
                    await send(sender, "short", "1", "2", "3")
                await eventually(lambda: client.snapshot().received == 3 or got)
                await eventually(lambda: wait_s == 60 or len(got) == 3)  # noqa: B023
            await asyncio.wait_for(task, 5)
            assert got == ([] if wait_s == 60 else ["1", "2", "3"])


async def test_a_cancelled_wait_loses_nothing(make: MakeClient) -> None:
    """anext() in a timeout, over and over: every message is read once."""
    async with make() as client, publishing(make) as sender, client.subscribe("slow") as messages:
        await messages.ready(5)
        sending = asyncio.create_task(send(sender, "slow", *map(str, range(50))))
        got: list[str] = []
        while len(got) < 50:
            try:
                async with asyncio.timeout(0.0005):
                    got.append((await anext(messages)).text())
            except TimeoutError:
                await asyncio.sleep(0)
        await sending
        assert got == [str(n) for n in range(50)]


async def test_options_that_contradict_each_other(make: MakeClient) -> None:
    """One filter is one subscription at the broker: other options for it are refused when registered."""
    client = make()

    @client.on("x", retained="never")
    async def handle(payload: bytes) -> None:
        """Nothing."""

    with pytest.raises(ConfigurationError):

        @client.on("x", "y")
        async def other(payload: bytes) -> None:
            """Nothing."""

    async with client:
        with pytest.raises(ConfigurationError):
            async with client.subscribe("y", "x"):
                """Never entered."""
        async with client.subscribe("y"):
            """The refused one left nothing behind."""
