"""The ack server's bytes: what it answers, however the packets are mixed and the bytes are split."""

from __future__ import annotations

import pytest

from benchmarks.ack_packets import ProtocolError, varint
from benchmarks.ack_session import AckSession
from benchmarks.ack_stream import DONE

CONNECT_5 = b"\x10\x10\0\x04MQTT\x05\x02\0\x3c\x03\x21\0\x0a\0\0"  # receive maximum 10
CONNECT_311 = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c"


def publish(qos: int, packet_id: int, payload: bytes = b"x", topic: bytes = b"t", dup: bool = False) -> bytes:
    identifier = packet_id.to_bytes(2, "big") if qos else b""
    body = len(topic).to_bytes(2, "big") + topic + identifier + b"\0" + payload
    return bytes([0x30 | dup << 3 | qos << 1]) + varint(len(body)) + body


def ack(header: int, packet_id: int, more: bytes = b"") -> bytes:
    return bytes([header, 2 + len(more)]) + packet_id.to_bytes(2, "big") + more


def subscribe(topic: bytes, qos: int = 1, properties: bytes = b"") -> bytes:
    body = (
        b"\0\x07"
        + varint(len(properties))
        + properties
        + len(topic).to_bytes(2, "big")
        + topic
        + bytes([qos])
    )
    return b"\x82" + varint(len(body)) + body


def connected(window: int = 1000) -> AckSession:
    session = AckSession(window)
    session.receive(CONNECT_5)
    return session


def drained(session: AckSession) -> list[tuple[int, bytes, bytes]]:
    """What the stream sends now: QoS, packet identifier and payload of each PUBLISH."""
    sent = b"".join(iter(session.pull, b""))
    packets = []
    while sent:
        length, body = sent[1], sent[2 : 2 + sent[1]]
        assert length < 0x80
        qos, rest = sent[0] >> 1 & 3, body[2 + body[1] :]
        identifier, rest = (rest[:2], rest[2:]) if qos else (b"", rest)
        packets.append((qos, identifier, rest[1 + rest[0] :]))
        sent = sent[2 + length :]
    return packets


MIXED = [
    (publish(1, 1), ack(0x40, 1)),
    (publish(1, 2), ack(0x40, 2)),
    (publish(0, 0), b""),
    (publish(0, 0), b""),
    (publish(1, 0x3232), ack(0x40, 0x3232)),
    (publish(1, 3, dup=True), ack(0x40, 3)),
    (publish(2, 9), ack(0x50, 9)),
    (ack(0x62, 9), ack(0x70, 9)),
    (ack(0x62, 10, b"\0\0"), ack(0x70, 10)),
    (publish(1, 4, b"y" * 300), ack(0x40, 4)),
    (publish(1, 5, b"y" * 300), ack(0x40, 5)),
    (publish(1, 6, topic=b"longer"), ack(0x40, 6)),
    (
        publish(1, 7, b"longer", topic=b"t"),
        ack(0x40, 7),
    ),  # as long as the one before, the identifier elsewhere
    (b"\xc0\0", b"\xd0\0"),
    (b"\xa2\x06\0\x05\0\0\x01t", b"\xb0\x04\0\x05\0\0"),
    (publish(1, 0xFFFF), ack(0x40, 0xFFFF)),
]
"""Packets of a client and the answer to each, alone."""


def test_connect_is_answered_in_its_own_version() -> None:
    """The CONNACK has properties in MQTT 5 and none in 3.1.1."""
    assert AckSession(10).receive(CONNECT_5) == b"\x20\x03\0\0\0"
    assert AckSession(10).receive(CONNECT_311) == b"\x20\x02\0\0"


def test_a_run_of_equal_packets_is_answered_in_order() -> None:
    """A thousand PUBLISH packets in one chunk give a thousand PUBACKs, each with its identifier."""
    session = connected()
    ids = range(1, 1001)
    assert session.receive(b"".join(publish(1, i) for i in ids)) == b"".join(ack(0x40, i) for i in ids)
    assert session.published == [0, 1000, 0]


@pytest.mark.parametrize(("packet", "answer"), MIXED)
def test_each_packet_has_its_answer(packet: bytes, answer: bytes) -> None:
    """One packet alone gets the answer of its kind."""
    assert connected().receive(packet) == answer


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 100_000])
def test_mixed_packets_in_any_split(size: int) -> None:
    """Runs that begin and end anywhere, whole or cut at any place, get the same answers in order."""
    session = connected()
    sent = b"".join(packet for packet, _ in MIXED)
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert b"".join(map(session.receive, pieces)) == b"".join(answer for _, answer in MIXED)
    assert session.published == [2, 9, 1]
    assert session.released == 2


def test_a_cut_packet_waits_for_its_rest() -> None:
    """A PUBLISH is answered with its last byte, not before."""
    session, packet = connected(), publish(1, 258)
    assert session.receive(packet[:-1]) == b""
    assert session.receive(packet[-1:]) == ack(0x40, 258)


def test_a_filter_that_is_no_order_is_only_granted() -> None:
    """An ordinary subscription is granted at the QoS asked for and nothing is sent."""
    session = connected()
    assert session.receive(subscribe(b"bench/ten/1/5/1", 2)) == b"\x90\x04\0\x07\0\x02"
    assert session.pull() == b""


def test_suback_of_311_has_no_properties() -> None:
    """The same subscription on MQTT 3.1.1."""
    session = AckSession(1000)
    session.receive(CONNECT_311)
    assert session.receive(b"\x82\x06\0\x07\0\x01t\x01") == b"\x90\x03\0\x07\x01"


def test_an_order_of_qos_0_is_sent_at_once() -> None:
    """n messages of the size asked for, then the one that says they were all, and no more."""
    session = connected()
    session.receive(subscribe(b"bench/12/0/5/1"))
    assert drained(session) == [(0, b"", b"xxxxx")] * 12 + [(0, b"", DONE)]
    assert session.pull() == b""


def test_the_receive_maximum_is_kept() -> None:
    """Of 25 messages only 10 are in flight to a client that announced 10; half the window refills it."""
    session = connected()
    session.receive(subscribe(b"bench/25/1/5/1"))
    assert [packet_id for _, packet_id, _ in drained(session)] == [i.to_bytes(2, "big") for i in range(1, 11)]
    session.receive(b"".join(ack(0x40, i) for i in range(1, 5)))
    assert drained(session) == []
    session.receive(ack(0x40, 5))
    assert len(drained(session)) == 5


def test_the_window_bounds_where_the_client_does_not() -> None:
    """MQTT 3.1.1 announces nothing: the server's own window holds, and messages have no properties."""
    session = AckSession(4)
    session.receive(CONNECT_311)
    session.receive(b"\x82\x12\0\x07\0\x0dbench/9/1/1/1\x01")
    assert session.pull() == b"".join(
        b"\x32\x12\0\x0dbench/9/1/1/1" + bytes([0, i]) + b"x" for i in range(1, 5)
    )


@pytest.mark.parametrize("more", [b"", b"\0", b"\0\0"])
def test_done_follows_the_last_acknowledgement(more: bytes) -> None:
    """The closing message waits for every PUBACK, in each form MQTT 5 gives it."""
    session = connected()
    session.receive(subscribe(b"bench/3/1/5/1"))
    assert len(drained(session)) == 3
    session.receive(ack(0x40, 1, more) + ack(0x40, 2, more))
    assert drained(session) == []
    session.receive(ack(0x40, 3, more))
    assert drained(session) == [(0, b"", DONE)]
    assert session.stream
    assert (session.stream.sent, session.stream.acked) == (3, 3)


def test_qos_2_is_acknowledged_by_pubcomp() -> None:
    """PUBREC is answered with PUBREL; only PUBCOMP counts and frees the window."""
    session = connected()
    session.receive(subscribe(b"bench/2/2/5/1", 2))
    assert [qos for qos, _, _ in drained(session)] == [2, 2]
    assert session.receive(ack(0x50, 1) + ack(0x50, 2)) == ack(0x62, 1) + ack(0x62, 2)
    assert drained(session) == []
    assert session.receive(ack(0x70, 1) + ack(0x70, 2)) == b""
    assert drained(session) == [(0, b"", DONE)]


def test_a_stream_is_no_better_than_the_subscription() -> None:
    """An order of QoS 1 subscribed to at QoS 0 arrives at QoS 0, as from a broker."""
    session = connected()
    session.receive(subscribe(b"bench/2/1/5/1", 0))
    assert [qos for qos, _, _ in drained(session)] == [0, 0, 0]


def test_packet_identifiers_wrap() -> None:
    """After 65,535 comes 1; the order of the acknowledgements is still checked."""
    session = AckSession(1000)
    session.receive(CONNECT_5.replace(b"\x21\0\x0a", b"\x21\x03\xe8"))
    session.receive(subscribe(b"bench/65540/1/5/1"))
    seen: list[int] = []
    while packets := [int.from_bytes(i, "big") for qos, i, _ in drained(session) if qos]:
        session.receive(b"".join(ack(0x40, i) for i in packets))
        seen += packets
    assert seen == [*range(1, 65_536), 1, 2, 3, 4, 5]
    assert session.stream
    assert (session.stream.in_order, session.stream.acked) == (True, 65_540)


def test_acknowledgements_out_of_order_are_noticed() -> None:
    """The flag of [MQTT-4.6.0-2] falls and stays down."""
    session = connected()
    session.receive(subscribe(b"bench/3/1/5/1"))
    drained(session)
    session.receive(ack(0x40, 2) + ack(0x40, 1))
    session.receive(ack(0x40, 3))
    assert session.stream
    assert not session.stream.in_order


def test_the_subscription_identifier_comes_back() -> None:
    """A client that gave its subscription an identifier finds it in each message, as from a broker."""
    session = connected()
    session.receive(subscribe(b"bench/1/0/1/1", 0, b"\x0b\x81\x01"))
    assert session.pull()[17:] == b"\x03\x0b\x81\x01x"


def test_disconnect_ends_the_session() -> None:
    """The connection is to be closed after DISCONNECT."""
    session = connected()
    session.receive(b"\xe0\0")
    assert session.closed


@pytest.mark.parametrize(
    "sent",
    [
        ack(0x40, 1, b"\x87\0"),
        ack(0x40, 1),
        b"\xf0\0",
        b"\x10\x07\0\x04MQTT\x03",
        b"\x10\x06\0\x04HTTP",
        b"\x32\xff\xff\xff\xff\x01",
        b"\x82\x09\0\x07\x02\x01\x01\0\x01t\x01",
    ],
)
def test_what_it_cannot_answer_voids_the_run(sent: bytes) -> None:
    """Refusals, acknowledgements of nothing and foreign packets are errors, never ignored."""
    with pytest.raises(ProtocolError):
        connected().receive(sent)
