"""Reading on a thread: the five ways to leave, and what becomes of the messages (contract 15)."""

from __future__ import annotations

import threading

import pytest

from holdfast.client import consumers
from holdfast.client.inbox import Item
from holdfast.errors import ConfigurationError, Stopped, SubscribeRefused
from holdfast.messages import Message
from holdfast.sync import Client
from holdfast.testing import Broker
from tests.unit.sync.conftest import wait_for

COUNT = 5


def publish(client: Client, count: int = COUNT) -> None:
    """So many messages with their numbers."""
    client.publish_many([("t", str(number)) for number in range(count)]).acknowledged(5)


def test_each_is_acknowledged_by_the_next(client: Client) -> None:
    """In order; the one in hand is not, until the loop comes back."""
    with client.subscribe("t") as messages:
        assert messages.ready(5) == 1
        publish(client)
        for number, message in enumerate(messages):
            assert message.text() == str(number)
            wait_for(lambda: client.snapshot().handled == number)  # noqa: B023
            assert messages.in_hand
            if number == COUNT - 1:
                break
    wait_for(lambda: client.snapshot().handled == COUNT)


def test_enough(client: Client, broker: Broker) -> None:
    """Left by break: the message in hand and those waiting are acknowledged, UNSUBSCRIBE goes out."""
    with client.subscribe("t") as messages:
        messages.ready(5)
        publish(client)
        wait_for(lambda: client.snapshot().received == COUNT)
        for _ in messages:
            break
    assert messages.discarded == COUNT - 1
    wait_for(lambda: client.snapshot().handled == COUNT)
    wait_for(lambda: not client._client._core.consumers.unsubscribing)  # type: ignore[union-attr]


def test_not_done(client: Client) -> None:
    """Left by an exception: nothing is acknowledged, and the next reader gets all of it."""

    def fail() -> None:
        with client.subscribe("t") as messages:
            messages.ready(5)
            publish(client)
            next(messages)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert client.snapshot().handled == 0
    with client.subscribe("t") as again:
        assert [next(again).text() for _ in range(COUNT)] == list(map(str, range(COUNT)))


def test_the_client_stops(broker: Broker) -> None:
    """A loop that waits ends; a message in hand is finished first, those behind it stay in the session."""
    client, got = Client(broker.url, client_id="kept", session_expiry_s=60, drain_s=2), list[Message]()
    entered, go_on = threading.Event(), threading.Event()

    def read() -> None:
        with client.subscribe("t") as messages:
            messages.ready(5)
            for message in messages:
                got.append(message)
                entered.set()
                go_on.wait(5)

    with client:
        reader = threading.Thread(target=read)
        reader.start()
        wait_for(lambda: client.snapshot().ledger is not None and client._client._intents)
        client.ready(5)
        publish(client)
        assert entered.wait(5)
        stopping = threading.Thread(target=client.stop)
        stopping.start()
        wait_for(lambda: client.status == "draining")
        go_on.set()
        stopping.join(5)
        reader.join(5)
    assert [message.text() for message in got] == ["0"]
    assert client.snapshot().handled == 1
    with client, client.subscribe("t") as messages:
        assert [next(messages).text() for _ in range(COUNT - 1)] == ["1", "2", "3", "4"]


def test_batches(client: Client) -> None:
    """Lists, acknowledged as one; the first of a list is waited for, the others a while."""
    with client.subscribe("t") as messages:
        messages.ready(5)
        publish(client, 25)
        sizes, texts = list[int](), list[str]()
        for batch in messages.batches(10, wait_s=0.1):
            sizes.append(len(batch))
            texts += [message.text() for message in batch]
            if len(texts) == 25:
                break
        assert sizes == [10, 10, 5]
        assert texts == list(map(str, range(25)))
        with pytest.raises(ConfigurationError):
            messages.batches(0)
    wait_for(lambda: client.snapshot().handled == 25)


def test_a_batch_that_the_end_cuts_short_is_not_given(broker: Broker) -> None:
    """Nobody handles what could not be acknowledged any more: the next reader has all of it, in order."""
    client = Client(broker.url, client_id="short", session_expiry_s=60, drain_s=5)
    with client, client.subscribe("t", qos=2) as messages:
        messages.ready(5)
        publish(client, 3)
        stopping = threading.Thread(target=client.stop)
        wait_for(lambda: client.snapshot().received == 3)
        threading.Timer(0.05, stopping.start).start()
        assert list(messages.batches(10, wait_s=30)) == []
        stopping.join(2)
        assert not messages.in_hand
    with client, client.subscribe("t", qos=2) as messages:
        assert [message.text() for message in next(messages.batches(3, wait_s=5))] == ["0", "1", "2"]


def test_a_message_is_in_hand_before_it_is_taken(client: Client) -> None:
    """A stop that comes while it is made ready for its reader waits for that."""
    seen = list[bool]()

    def look(item: Item) -> Item:
        seen.append(messages.in_hand)
        return item

    with client.subscribe("t") as messages:
        messages.ready(5)
        assert not messages.in_hand
        messages.consumer.inbox.through(look)
        publish(client, 1)
        next(messages)
        assert seen == [True]
        assert messages.in_hand


def test_a_stop_goes_on_when_a_message_is_not_taken_after_all(broker: Broker) -> None:
    """Ctrl-C while it is made ready: it is not in hand, and the stop that waited for it ends at once."""
    client = Client(broker.url, client_id="ctrl-c", drain_s=60)
    stopping = threading.Thread(target=client.stop)

    def interrupt(item: Item) -> Item:
        stopping.start()
        wait_for(lambda: messages.consumer.inbox.closed)
        raise KeyboardInterrupt

    with client, client.subscribe("t") as messages:
        messages.ready(5)
        messages.consumer.inbox.through(interrupt)
        publish(client, 1)
        with pytest.raises(KeyboardInterrupt):
            next(messages)
        stopping.join(5)
        assert not stopping.is_alive()


def test_a_message_is_not_taken_behind_the_end(client: Client) -> None:
    """Closed since the reader looked: it is given nothing."""
    with client.subscribe("t") as messages:
        messages.ready(5)
        publish(client, 1)
        wait_for(lambda: client.snapshot().received == 1)
        messages.consumer.inbox.close()
        assert messages._take() is None
        assert not messages.in_hand


def test_refused(client: Client, broker: Broker) -> None:
    """The broker's no is raised where somebody reads, also while it waits already."""
    broker.refuse("SUBSCRIBE", 0x87, times=1)
    with client.subscribe("t") as messages, pytest.raises(SubscribeRefused):
        next(messages)


def test_what_is_refused_here(client: Client) -> None:
    """Reading outside of with, entering twice, two readers: in words."""
    messages = client.subscribe("t")
    with pytest.raises(TypeError, match="write: with"):
        iter(messages)
    with messages:
        waiting = threading.Thread(target=lambda: next(messages, None))
        waiting.start()
        wait_for(messages._reading.locked)
        with pytest.raises(ConfigurationError, match="has a reader"):
            next(messages)
        with pytest.raises(ConfigurationError, match="entered before"), messages:
            pass
        messages.consumer.inbox.close()
        waiting.join(5)
    with pytest.raises(ConfigurationError, match="entered before"), messages:
        pass


def test_nobody_reads(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entered and never read: told and acknowledged after a while, so that the others go on."""
    from holdfast import Limits

    monkeypatch.setattr(consumers, "IDLE_LOOK_S", 0.01)
    with Client(broker.url, client_id="idle", limits=Limits(unclaimed_s=0.02)) as client:
        events = client.events()
        with client.subscribe("t") as messages:
            messages.ready(5)
            publish(client, 1)
            assert any(event.name == "unclaimed" for event in events)
            wait_for(lambda: client.snapshot().handled == 1)


def test_a_reader_that_stops_the_client(client: Client) -> None:
    """It is not waited for by itself; it is left as not done."""
    with client.subscribe("t") as messages:
        messages.ready(5)
        publish(client, 2)
        for _ in messages:
            client.stop(3)
            assert client.status == "disconnected"
    with pytest.raises(Stopped):
        client.ready()
