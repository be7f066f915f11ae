"""What a tap reads from the bytes: who sent what, and who answers for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast import codec
from holdfast.cli.demo.tap import Tap, Wire


def serial_of(payload: bytes) -> str | None:
    return payload.decode() or None


@pytest.fixture
def tap() -> Tap:
    made = Tap(serial_of)
    made.from_client(codec.Connect("me", clean_start=False))
    made.from_broker(codec.Connack())
    return made


def publish(serial: str, packet_id: int, dup: bool = False, qos: int = 2) -> codec.Publish:
    return codec.Publish("t", serial.encode(), qos, False, dup, packet_id)  # type: ignore[arg-type]


def reconnect(tap: Tap, session_present: bool) -> None:
    tap.from_client(codec.Connect("me", clean_start=False))
    tap.from_broker(codec.Connack(session_present))


def test_a_whole_handshake(tap: Tap) -> None:
    """Sent once, taken at PUBREC, nothing unanswered."""
    tap.from_client(publish("a", 1))
    assert tap.to_broker.unanswered == {"a"}
    tap.from_broker(codec.Pubrec(1))
    tap.from_client(codec.Pubrel(1))
    tap.from_broker(codec.Pubcomp(1))
    assert tap.to_broker.sendings == {"a": 1}
    assert tap.to_broker.taken == {"a"}
    assert tap.to_broker.unanswered == set()


def test_qos_1_is_taken_at_puback(tap: Tap) -> None:
    """PUBACK ends it: the identifier is free."""
    tap.from_client(publish("a", 1, qos=1))
    tap.from_broker(codec.Puback(1))
    tap.from_client(publish("b", 1, qos=1))
    assert tap.to_broker.taken == {"a"}
    assert tap.to_broker.sendings == {"a": 1, "b": 1}


def test_a_refusal_is_not_taken(tap: Tap) -> None:
    """PUBREC with an error answers, and takes nothing."""
    tap.from_client(publish("a", 1))
    tap.from_broker(codec.Pubrec(1, 0x97))
    assert tap.to_broker.taken == set()
    assert tap.to_broker.unanswered == set()


def test_a_repeat_is_no_new_sending(tap: Tap) -> None:
    """DUP, the same identifier, the same message, not released: one sending."""
    tap.from_client(publish("a", 1))
    reconnect(tap, session_present=True)
    tap.from_client(publish("a", 1, dup=True))
    assert tap.to_broker.sendings == {"a": 1}
    assert tap.to_broker.order == ["a", "a"]
    assert tap.to_broker.doubled == set()


@pytest.mark.parametrize(("dup", "packet_id"), [(False, 1), (True, 2)])
def test_the_same_message_as_a_new_one_is_doubled(tap: Tap, dup: bool, packet_id: int) -> None:
    """Without DUP, or under another identifier, in the same session: the sender made two of one."""
    tap.from_client(publish("a", 1))
    reconnect(tap, session_present=True)
    tap.from_client(publish("a", packet_id, dup=dup))
    assert tap.to_broker.sendings == {"a": 2}
    assert tap.to_broker.doubled == {"a"}


def test_after_a_lost_session_a_resend_is_excused(tap: Tap) -> None:
    """The broker forgot: sending anew is all a publisher can do (contract 6)."""
    tap.from_client(publish("a", 1))
    reconnect(tap, session_present=False)
    tap.from_client(publish("a", 1))
    assert tap.to_broker.sendings == {"a": 2}
    assert tap.to_broker.doubled == set()


def test_a_completed_message_that_comes_again_is_a_new_sending(tap: Tap) -> None:
    """The broker rolled back: DUP and the old identifier, but PUBREL had been sent."""
    tap.from_broker(publish("a", 7))
    tap.from_client(codec.Pubrec(7))
    tap.from_broker(codec.Pubrel(7))
    tap.from_client(codec.Pubcomp(7))
    reconnect(tap, session_present=True)
    tap.from_broker(publish("a", 7, dup=True))
    assert tap.to_client.sendings == {"a": 2}
    assert tap.to_client.doubled == {"a"}


def test_unanswered_counts_on_the_present_connection_only(tap: Tap) -> None:
    """What was sent into a connection that died is not in the other side's hands."""
    tap.from_broker(publish("a", 7))
    reconnect(tap, session_present=True)
    assert tap.to_client.unanswered == set()


def test_a_clean_start_is_counted(tap: Tap) -> None:
    """It tells the broker to throw away what it keeps for us (contract 1)."""
    assert tap.clean_starts == 0
    tap.from_client(codec.Connect("me", clean_start=True))
    assert tap.clean_starts == 1


def test_a_refused_connect_changes_nothing(tap: Tap) -> None:
    """Only a CONNACK that accepts begins a connection."""
    tap.from_broker(publish("a", 7))
    tap.from_broker(codec.Connack(False, 0x88))
    tap.from_broker(publish("a", 7, dup=True))
    assert tap.to_client.sendings == {"a": 1}


def test_what_is_not_judged_is_passed_over(tap: Tap) -> None:
    """QoS 0 promises nothing; a payload without a serial is somebody else's."""
    tap.from_client(publish("a", 0, qos=0))
    tap.from_client(publish("", 1))
    assert tap.to_broker.sendings == {}


@pytest.mark.parametrize("version", [codec.V5, codec.V311])
@pytest.mark.parametrize("size", [1, 1000])
def test_the_wire_finds_the_tap(version: codec.Version, size: int) -> None:
    """CONNECT names the client and the version; bytes may come in any portions, both ways."""
    taps: dict[str, Tap] = {}
    wire = Wire(lambda name: taps.setdefault(name, Tap(serial_of)))
    steps: list[tuple[Callable[[bytes], None], codec.Packet]] = [
        (wire.from_client, codec.Connect("me", version=version)),
        (wire.from_broker, codec.Connack()),
        (wire.from_client, publish("a", 1)),
        (wire.from_broker, codec.Pubrec(1)),
    ]
    for feed, packet in steps:
        data = codec.encode(packet, version)
        for start in range(0, len(data), size):
            feed(data[start : start + size])
    assert taps["me"].to_broker.taken == {"a"}


def test_bytes_that_are_no_mqtt_are_nobodys() -> None:
    """The tap goes blind on that connection; it never breaks it."""
    taps: dict[str, Tap] = {}
    wire = Wire(lambda name: taps.setdefault(name, Tap(serial_of)))
    wire.from_client(b"\x00\x00GET / HTTP/1.1")
    wire.from_client(codec.encode(codec.Connect("me"), codec.V5))
    wire.from_broker(codec.encode(codec.Connack(), codec.V5))
    assert taps == {}
