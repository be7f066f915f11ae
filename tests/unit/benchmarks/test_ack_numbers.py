"""Numbered payloads: which message it is, in a payload of any size."""

from __future__ import annotations

import pytest

from benchmarks.ack_numbers import TOPIC, Numbers, numbered
from benchmarks.ack_packets import varint
from benchmarks.ack_session import AckSession

CONNECT = b"\x10\x0d\0\x04MQTT\x05\x02\0\x3c\0\0\0"


def publish(topic: str, payload: bytes) -> bytes:
    """QoS 1, with the identifier 1 and no properties."""
    body = len(topic).to_bytes(2, "big") + topic.encode() + b"\0\x01\0" + payload
    return b"\x32" + varint(len(body)) + body


@pytest.mark.parametrize(
    ("numbers", "in_order"), [([0, 1, 2], True), ([0, 1, 3], False), ([0, 1, 1, 2], False), ([1, 0], False)]
)
def test_the_ack_server_sees_the_order(numbers: list[int], in_order: bool) -> None:
    """Of the payloads on their topic alone: one that is missing, early or there twice is seen."""
    session = AckSession(1000)
    session.receive(CONNECT + publish("elsewhere", b"x"))
    session.receive(b"".join(publish(TOPIC, numbered(number, 64)) for number in numbers))
    assert session.numbers.in_order == in_order
    assert session.published[1] == len(numbers) + 1


def test_a_payload_says_its_number() -> None:
    """In eight digits, filled up to its size."""
    assert numbered(17, 12) == b"00000017xxxx"


def test_runs_are_followed_one_after_the_other() -> None:
    """A run goes on where the one before ended; nothing mends what was out of order once."""
    numbers = Numbers()
    block = b"".join(numbered(n, 10) for n in range(5))
    numbers.came(block, 0, 10, 3)
    numbers.came(block, 30, 10, 2)
    assert numbers.in_order
    numbers.came(block, 0, 10, 1)
    numbers.came(numbered(6, 10), 0, 10, 1)
    assert not numbers.in_order
