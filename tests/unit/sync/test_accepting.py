"""What blocks a publish: room in the outbox, and the commit of a file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from holdfast import Outbox
from holdfast.errors import OutboxFull, OutboxLocked
from holdfast.sync import Client
from holdfast.testing import Broker
from tests.unit.sync.conftest import client_threads, wait_for


def test_room_is_waited_for(broker: Broker) -> None:
    """A full outbox blocks its publishers until there is room, each as long as it may."""
    with Client(broker.url, client_id="full", outbox=Outbox(max_bytes=2000), drain_s=1) as client:
        client.ready(5)
        broker.hold("PUBACK")
        client.publish("a", "x" * 1900)
        with pytest.raises(OutboxFull):
            client.publish("a", "x" * 1900, timeout_s=0.05)
        with pytest.raises(OutboxFull):
            client.publish_nowait("a", "x" * 1900)
        done: list[str] = []

        def publish(number: int) -> None:
            client.publish("a", "x" * 1900, timeout_s=5).acknowledged(5)
            done.append(str(number))

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: client._client._state.changed.watched)
        broker.release()
        for thread in threads:
            thread.join(5)
        assert sorted(done) == list("0123")


def test_accepted_means_committed(broker: Broker, tmp_path: Path) -> None:
    """With a file every publish returns behind its commit, also from many threads at once."""
    path = tmp_path / "outbox.db"
    with Client(broker.url, outbox=path) as client:
        client.ready(5)
        states: list[str] = []

        def publish(number: int) -> None:
            for each in range(20):
                receipt = client.publish(f"t/{number}", str(each))
                states.append(receipt.state)
                assert receipt.commit <= client._client._outbox.durable

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(states) == 160
        assert "submitted" not in states
        client.publish_nowait("t", "x").accepted(5)
        with pytest.raises(OutboxLocked):
            Client(broker.url, outbox=path).start()
        client.flush(10)
    for number in range(8):
        assert [int(one.payload) for one in broker.messages(f"t/{number}")] == list(range(20))
    assert client_threads() == []


def test_a_handler_has_a_reserve(broker: Broker) -> None:
    """On its thread it is a handler as well: a tenth more than the budget, then OutboxFull at once."""
    answers: list[str] = []
    with Client(broker.url, client_id="full", outbox=Outbox(max_messages=20), drain_s=1) as client:

        @client.on("go")
        def handle(payload: str) -> None:
            for _ in range(3):
                try:
                    client.publish("answer", payload, timeout_s=30)
                    answers.append("accepted")
                except OutboxFull:
                    answers.append("refused")

        client.ready(5)
        broker.hold("PUBACK")
        for _ in range(20):
            client.publish("t", "x", timeout_s=0)
        with pytest.raises(OutboxFull):
            client.publish("t", "x", timeout_s=0)
        broker.publish("go", "x")
        wait_for(lambda: len(answers) == 3)
        broker.release()
    assert answers == ["accepted", "accepted", "refused"]
