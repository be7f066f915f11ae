"""The way in of a client that compresses: which rows are compressed, and what counts then."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast import Compression
from holdfast.client.compressing import CompressingPublisher
from holdfast.client.content import ABSENT
from holdfast.client.receipts import Receipts
from holdfast.client.waiting import Signal
from holdfast.errors import ConfigurationError, TooLarge
from holdfast.messages import OVERHEAD
from holdfast.outbox.memory import MemoryOutbox
from holdfast.protocol import Terms
from holdfast.testing.manual_clock import ManualClock
from tests.unit.client.test_publisher import row

LARGE = "21.5 " * 400


def publisher(**options: Any) -> CompressingPublisher:
    """One that accepts."""
    clock = ManualClock()
    made = CompressingPublisher(
        Compression(**options), MemoryOutbox(clock, max_bytes=1 << 20), Receipts(), clock, Signal()
    )
    made.stopped = None
    return made


@pytest.mark.parametrize("payload", [LARGE, LARGE.encode(), bytearray(LARGE.encode())])
def test_a_large_payload_leaves_as_gzip(payload: Any) -> None:
    """Whatever it was given as; the content type says so, other properties stay, the budget counts gzip."""
    made = row(publisher(), "t", payload, content_type="text/plain", user_properties={"a": "b"})
    assert gzip.decompress(made.payload) == LARGE.encode()
    assert dict(made.properties) == {"content_type": "text/plain+gzip", "user_property": (("a", "b"),)}
    assert made.size == OVERHEAD + 1 + len(made.payload)


def test_json() -> None:
    """json= is compressed as the bytes it becomes."""
    made = row(publisher(), payload=ABSENT, json=["21.5"] * 400, content_type="application/json")
    assert gzip.decompress(made.payload) == b'["21.5"' + b',"21.5"' * 399 + b"]"
    assert made.properties["content_type"] == "application/json+gzip"


def test_the_bounds() -> None:
    """From min_bytes to max_bytes, both included; outside a message is as it would be without the option."""
    to = publisher(min_bytes=500, max_bytes=600)
    for size, compressed in ((0, False), (499, False), (500, True), (600, True), (601, False)):
        made = row(to, payload=b"x" * size)
        assert (len(made.payload) < size, bool(made.properties)) == (compressed, compressed)


@pytest.mark.parametrize(
    ("payload", "content_type"), [(os.urandom(5000), None), (LARGE.encode(), "text/plain+gzip")]
)
def test_left_alone(payload: bytes, content_type: str | None) -> None:
    """What gzip would not make smaller, and what its publisher has compressed."""
    made = row(publisher(), payload=payload, content_type=content_type)
    assert made.payload is payload
    assert made.properties.get("content_type") == content_type


def test_many() -> None:
    """Each of a group for itself, from any iterable, read once."""

    def messages() -> Iterator[tuple[str, str]]:
        yield from [("a", "small"), ("b", LARGE), ("c", ""), ("d", LARGE)]

    rows = publisher().rows(messages(), 1, False, None, None)
    assert [one.topic for one in rows] == ["a", "b", "c", "d"]
    assert [dict(one.properties) for one in rows] == [
        {},
        {"content_type": "application/x.holdfast+gzip"},
        {},
        {"content_type": "application/x.holdfast+gzip"},
    ]
    assert gzip.decompress(rows[3].payload) == LARGE.encode()


def test_size_at_accept_is_that_of_what_leaves() -> None:
    """Contract 10: compressed, with the mark; what is too large even so is refused, alone and in a group."""
    to = publisher()
    size = len(row(to, payload=LARGE).payload)
    rest = len("\x30\x00\x00\x00\x01t\x00\x00") + len("\x03\x00\x00application/x.holdfast+gzip")
    to.agreed(Terms(5, "c", False, 0, 60, max_packet_bytes=size + rest))
    assert row(to, payload=LARGE).payload
    assert to.rows([("t", LARGE)], 1, False, None, None)
    to.agreed(Terms(5, "c", False, 0, 60, max_packet_bytes=size + rest - 1))
    with pytest.raises(TooLarge):
        row(to, payload=LARGE)
    with pytest.raises(TooLarge):
        to.rows([("t", LARGE)], 1, False, None, None)


def test_mistakes_are_what_they_are_without_it() -> None:
    """A payload and json=, a content type that cannot be, a topic that cannot be."""
    with pytest.raises(TypeError):
        row(publisher(), payload=LARGE, json=1)
    with pytest.raises(TypeError, match="json="):
        publisher().rows([("t", 5)], 1, False, None, None)  # type: ignore[list-item]
    for wrong in ({"content_type": "\ud800"}, {"content_type": 5}, {"topic": "a/#"}):
        with pytest.raises(ConfigurationError):
            row(publisher(), payload=LARGE, **wrong)


def test_a_client_without_it_loads_nothing_of_it() -> None:
    """The option costs those who do not use it not even an import."""
    script = (
        "import asyncio, sys; from holdfast import Client; from holdfast.client.content import ABSENT\n"
        "async def main():\n"
        "    async with Client('mqtt://127.0.0.1:1', drain_s=0) as client, client.subscribe('t'):\n"
        "        client._publisher.row('t', 'x' * 5000, ABSENT, 1, False, None, None, None, ())\n"
        "asyncio.run(main())\n"
        "print(*(name for name in sys.modules if 'compress' in name))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
