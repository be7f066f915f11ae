"""Calls that end a client on several threads at once, and what they do not wait for."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from holdfast import Message
from holdfast.errors import ConfigurationError, Stopped
from holdfast.outbox import Ledger
from holdfast.sync import Client, Pool
from holdfast.sync.ending import Blocked, Pulse
from holdfast.testing import Broker
from tests.unit.sync.conftest import client_threads, wait_for


class Ends:
    """What became of stops on threads of their own."""

    def __init__(self) -> None:
        self.books: list[object] = []
        self._threads: list[threading.Thread] = []

    def stop(self, stop: Callable[[], Ledger]) -> None:
        """On another thread."""

        def stopping() -> None:
            try:
                self.books.append(stop())
            except BaseException as error:
                self.books.append(error)

        thread = threading.Thread(target=stopping)
        thread.start()
        self._threads.append(thread)

    def over(self) -> list[Ledger]:
        """Their books, once all have returned."""
        for thread in self._threads:
            thread.join(10)
        books = [one for one in self.books if isinstance(one, Ledger)]
        assert len(books) == len(self._threads), self.books
        return books


def test_a_handler_stops_what_another_thread_is_stopping(broker: Broker) -> None:
    """The handler's call returns at once, and the other handlers finish all the same."""
    client, ends = Client(broker.url, client_id="x", reconnect="lan", drain_s=10), Ends()
    stopping, release, entered, handled = threading.Event(), threading.Event(), list[str](), list[str]()

    @client.on("stop")
    def stop(message: Message) -> None:
        entered.append("stop")
        stopping.wait(5)
        client.stop()
        handled.append("stop")
        release.set()

    @client.on("work")
    def work(message: Message) -> None:
        entered.append("work")
        release.wait(5)
        handled.append("work")

    client.start()
    client.ready(5)
    client.publish("stop", "")
    client.publish("work", "").acknowledged(5)
    wait_for(lambda: len(entered) == 2)
    ends.stop(client.stop)
    wait_for(lambda: client.status == "draining")
    stopping.set()
    ends.over()
    assert handled == ["stop", "work"]
    assert client_threads() == []


def test_started_while_another_thread_stops_it(broker: Broker) -> None:
    """It begins when that has ended, and it is there."""
    client, ends = Client(broker.url, client_id="x", reconnect="lan", drain_s=10), Ends()
    entered, release = threading.Event(), threading.Event()

    @client.on("work")
    def work(message: Message) -> None:
        entered.set()
        release.wait(5)

    client.start()
    client.ready(5)
    client.publish("work", "").acknowledged(5)
    assert entered.wait(5)
    ends.stop(client.stop)
    wait_for(lambda: client.status == "draining")
    threading.Timer(0.1, release.set).start()
    client.start()
    ends.over()
    client.publish("t", "x").acknowledged(5)
    client.stop(2)
    assert client_threads() == []


def test_stopped_by_many(broker: Broker) -> None:
    """Each of them waits for the one end, and has the same books; a pool is no other than a client."""
    for made in (Client(broker.url, drain_s=5), Pool(broker.url, connections=2, drain_s=5)):
        for _ in range(5):
            ends = Ends()
            made.start()
            made.ready(5)
            broker.hold("PUBACK")
            made.publish("t", "x")
            for _ in range(3):
                ends.stop(made.stop)
            threading.Timer(0.05, broker.release).start()
            assert len({str(books) for books in ends.over()}) == 1
        assert client_threads() == []


def test_a_signal_handler_within_a_publish(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds what the end would wait for: refused at once, with the way out; anywhere else it stops."""
    accept, refused = client._client._outbox.accept, list[ConfigurationError]()

    def stop(*_: object) -> None:
        with pytest.raises(ConfigurationError, match="in the middle of a publish") as caught:
            client.stop()
        refused.append(caught.value)

    def interrupted(*args: Any) -> int:
        signal.raise_signal(signal.SIGUSR1)
        return accept(*args)

    usual = signal.signal(signal.SIGUSR1, stop)
    monkeypatch.setattr(client._client._outbox, "accept", interrupted)
    client.publish("t", "x").acknowledged(5)
    signal.signal(signal.SIGUSR1, lambda *_: print(client.stop()))
    signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, usual)
    assert "raise SystemExit" in str(refused[0].hint)
    assert client.status == "disconnected"


def test_a_function_that_blocks_the_thread_is_left_behind(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """The time is kept and the log says so; nothing runs beside it, and when it ends all is as it was."""
    asked, release = threading.Event(), threading.Event()

    def password() -> str:
        asked.set()
        release.wait(10)
        return "x"

    client = Client(broker.url, client_id="x", username="u", password=password, reconnect="lan")
    client.start()
    assert asked.wait(5)
    began = time.monotonic()
    assert client.stop(0).pending == 0
    assert time.monotonic() - began < 3
    assert "a function given to the client blocks it" in caplog.text
    with pytest.raises(Stopped):
        client.publish("t", "x")
    with pytest.raises(Stopped, match="has not ended"):
        client.start()
    release.set()
    wait_for(lambda: client_threads() == [])
    with client:
        client.ready(5)


def test_a_loop_that_does_something() -> None:
    """However late it is: only one that has done nothing since the last look is taken for blocked."""
    loop = asyncio.new_event_loop()
    pulse = Pulse(loop, -1)
    for _ in range(3):
        loop.run_until_complete(asyncio.sleep(0))
        pulse.look()
    with pytest.raises(Blocked):
        pulse.look()
    loop.close()
    patient = Pulse(loop, 60)
    patient.look()
