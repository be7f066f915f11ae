"""What the ack server sends, without a session around it: topics, identifiers and blocks."""

from __future__ import annotations

import pytest

from benchmarks.ack_stream import Order, Stream, parse_order

TOPIC = b"bench/25/1/5/"


def acknowledge(stream: Stream, frames: list[bytes]) -> None:
    """As a client would: the identifiers as columns, in order."""
    stream.acknowledged(bytes(frame[14] for frame in frames), bytes(frame[15] for frame in frames))


@pytest.mark.parametrize("filters", [2, 3, 7, 40])
@pytest.mark.parametrize("window", [1, 4, 1000])
def test_messages_go_round_over_the_filters(filters: int, window: int) -> None:
    """With many filters each message has the next topic and the next identifier, wherever a block begins."""
    stream = Stream(Order(TOPIC + b"%d" % filters, 25, 1, 5, filters), b"", window)
    seen: list[bytes] = []
    while stream.acked < 25:
        sent = stream.pull()
        frames = [sent[at : at + 22] for at in range(0, len(sent), 22)]
        acknowledge(stream, frames)
        seen += frames
    assert [frame[4:14] for frame in seen] == [b"many/%05d" % (i % filters) for i in range(25)]
    assert [int.from_bytes(frame[14:16], "big") for frame in seen] == list(range(1, 26))
    assert stream.in_order


@pytest.mark.parametrize(
    "name", [b"bench/9/1/1", b"bench/9/3/1/1", b"bench/9/1/1/0", b"bench/x/1/1/1", b"many/00001"]
)
def test_what_is_no_order_is_none(name: bytes) -> None:
    """Too few parts, a QoS or a number of filters that does not exist, no number, another topic."""
    assert parse_order(name) is None
