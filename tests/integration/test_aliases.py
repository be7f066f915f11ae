"""Outbound topic aliases on real brokers: every message arrives on its own topic, through every reconnect."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from holdfast import Client, Limits, Message
from holdfast.messages import QoS
from holdfast.testing import Broker
from holdfast.testing.model import BrokerLimits
from holdfast.transport.tcp import TcpLink
from tests.integration.conftest import AnyBroker, MakeClient

TOPICS = [f"plant/{line}/station/{station}/temp" for line in range(4) for station in range(4)]


async def _arrived(messages: AsyncIterator[Message], count: int) -> Counter[str]:
    """How many came on each topic; each payload is the topic that was meant."""
    arrived: Counter[str] = Counter()
    for _ in range(count):
        message = await anext(messages)
        assert message.topic == message.text()
        arrived[message.topic] += 1
    return arrived


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_topics_arrive_right(broker: AnyBroker, make: MakeClient, qos: QoS) -> None:
    """Sixteen topics, more than the ten aliases a broker gives, in turns; each payload says its topic."""
    async with make() as client, make() as other, other.subscribe("plant/#", qos=qos) as messages:
        await other.ready(5)
        await client.ready(5)
        for _ in range(5):
            await client.publish_many([(topic, topic) for topic in TOPICS], qos=qos)
        assert await _arrived(messages, 5 * len(TOPICS)) == dict.fromkeys(TOPICS, 5)


async def test_the_next_connection_begins_anew(broker: AnyBroker, make: MakeClient) -> None:
    """A restart in the midst of it: what is sent again comes on its own topic, too."""
    async with make() as client, make() as other, other.subscribe("plant/#", qos=2) as messages:
        await other.ready(5)
        await client.ready(5)
        for _ in range(3):
            for _ in range(3):
                await client.publish_many([(topic, topic) for topic in TOPICS], qos=2)
            broker.restart()
        assert await _arrived(messages, 9 * len(TOPICS)) == dict.fromkeys(TOPICS, 9)


@pytest.mark.parametrize(("theirs", "ours", "times"), [(10, 16, 2), (0, 16, 20), (10, 0, 20)])
async def test_on_the_wire(theirs: int, ours: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty messages on one topic: it is sent twice where both want aliases, else each time."""
    written: list[bytes] = []
    original = TcpLink.write

    def write(link: TcpLink, data: bytes) -> None:
        written.append(data)
        original(link, data)

    monkeypatch.setattr(TcpLink, "write", write)
    topic = TOPICS[0]
    with Broker(strict=True, limits=BrokerLimits(topic_alias_maximum=theirs)) as broker:
        async with Client(broker.url, limits=Limits(topic_aliases=ours)) as client:
            receipts = [await client.publish(topic, str(number)) for number in range(20)]
            for receipt in receipts:
                await receipt.acknowledged(5)
        assert [message.topic for message in broker.messages()] == [topic] * 20
        assert broker.violations == []
    assert b"".join(written).count(topic.encode()) == times
