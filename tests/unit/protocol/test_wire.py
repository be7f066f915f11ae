"""The wire: bytes leave in order, each behind the records it depends on (contract 5)."""

from __future__ import annotations

from holdfast.protocol.wire import Group, Wire
from tests.support.driven import row


def encode(group: Group, parts: list[bytes]) -> None:
    parts.extend(b"P%d" % packet_id for packet_id, _ in group)


def open_wire() -> Wire:
    wire = Wire(encode)
    wire.open(b"C")
    assert wire.take(0) == b"C"
    return wire


def test_closed_before_connect() -> None:
    """Nothing is queued without a connection; CONNECT is the first packet [MQTT-3.1.0-1]."""
    wire = Wire(encode)
    wire.put(b"x", 0)
    assert wire.take(9) == b""
    wire.open(b"C")
    wire.put(b"x", 0)
    assert wire.take(0) == b"Cx"


def test_bytes_wait_for_their_record_and_keep_their_order() -> None:
    """What depends on nothing still stays behind what waits."""
    wire = open_wire()
    wire.put(b"a", 1)
    wire.put([(7, row(1))], 2)
    wire.put(b"b", 0)
    assert wire.take(0) == b""
    assert wire.take(1) == b"a"
    assert [wire.take(2), wire.take(2)] == [b"P7", b"b"]


def test_urgent_bytes_pass_what_waits() -> None:
    """PINGREQ alone may pass: it depends on no record."""
    wire = open_wire()
    wire.put(b"a", 1)
    wire.pass_by(b"!")
    assert wire.take(0) == b"!"


def test_after_close_nothing_is_taken_but_what_was_queued_leaves() -> None:
    """DISCONNECT was the last packet [MQTT-3.14.4-1]."""
    wire = open_wire()
    wire.put(b"D", 1)
    wire.close()
    wire.put(b"x", 0)
    assert wire.take(1) == b"D"


def test_clear_gives_the_rows_that_never_left() -> None:
    """What stayed is known as such, so its next PUBLISH is no resend [MQTT-3.3.1-1]."""
    wire = open_wire()
    gone, stayed = (1, row(1)), (2, row(2))
    wire.put([gone], 0)
    wire.put(b"a", 1)
    wire.put([stayed], 1)
    wire.pass_by(b"!")
    assert wire.take(0) == b"!P1"
    assert wire.clear() == [stayed]
    wire.put(b"x", 0)
    assert wire.take(9) == b""


def test_one_group_at_a_time() -> None:
    """A write ends with a group: large ones do not add up. One with nothing left to send is no end."""
    wire = Wire(lambda group, parts: parts.extend(b"P%d" % packet_id for packet_id, _ in group if packet_id))
    wire.open(b"C")
    for item in ([(1, row(1))], b"a", [(0, row(2, 0))], [(3, row(3))], b"b"):
        wire.put(item, 0)
    assert [wire.take(0) for _ in range(4)] == [b"CP1", b"aP3", b"b", b""]
