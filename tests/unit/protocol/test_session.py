"""The session as a state machine: connections and their ends."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Subscribe,
    SubscribeOption,
    Version,
    encode,
)
from holdfast.protocol import (
    Closed,
    Intent,
    LinkState,
    Opened,
    Refused,
)
from tests.support.driven import Driven, incoming, names, ready, row

BOTH = pytest.mark.parametrize("version", [V311, V5])


def nothing_works(driven: Driven) -> None:
    """In CLOSING nothing leaves and nothing that comes means anything."""
    assert driven.session.link is LinkState.CLOSING
    assert driven.publish(row(99, 0)) == []
    assert driven.feed(Pingresp()) == driven.later(1e6) == []
    assert driven.session.deadline() is None


# -- opening ----------------------------------------------------------------------------------------


@BOTH
def test_connect_then_connack(version: Version) -> None:
    """CONNECT leaves at once and alone; CONNACK 0 opens, with its terms (the states of the module)."""
    driven = Driven(version)
    driven.publish(row(1))
    (connect,) = driven.connect()
    assert isinstance(connect, Connect)
    assert (connect.client_id, connect.version, connect.clean_start) == ("c", version, False)
    assert driven.session.link.value == "connecting"
    assert driven.session.deadline() is None
    assert driven.later(1000.0) == []
    assert names(driven.feed(Connack())) == ["PUBLISH 1"]
    assert driven.session.link.value == "up"
    assert [one.terms.session_present for one in driven.told(Opened)] == [False]


def test_the_terms_are_told() -> None:
    """Assigned id, granted expiry and server keep alive reach the driver."""
    driven = ready(assigned_client_identifier="x", session_expiry_interval=7, server_keep_alive=9)
    (opened,) = driven.told(Opened)
    assert (opened.terms.client_id, opened.terms.session_expiry_s, opened.terms.keepalive_s) == ("x", 7, 9)


def test_refused_with_everything_the_broker_said() -> None:
    """Reason code, sentence and server reference, and the connection is to be closed."""
    driven = Driven()
    driven.connect()
    said = {"reason_string": "moved", "server_reference": "other:1883"}
    assert driven.feed(Connack(False, 0x9D, said)) == []
    assert driven.told(Refused) == [Refused(0x9D, "moved", "other:1883")]
    assert driven.told(Closed) == []
    nothing_works(driven)


@BOTH
def test_refused_by_a_server_of_311(version: Version) -> None:
    """A return code is a refusal in both versions, whatever version was asked for (contract 4)."""
    driven = Driven(version)
    driven.connect()
    driven.raw(b"\x20\x02\x00\x01")
    assert driven.told(Refused) == [Refused(1, "")]
    nothing_works(driven)


@BOTH
@pytest.mark.parametrize("packet", [incoming(1), Puback(1), Pingresp(), Disconnect(), Auth()])
def test_nothing_comes_before_connack(version: Version, packet: Packet) -> None:
    """Any other packet first breaks the protocol [MQTT-3.2.0-1]; nothing is sent before CONNACK."""
    driven = Driven(version)
    driven.connect()
    assert driven.raw(encode(packet, V5 if isinstance(packet, Auth) else version)) == []
    assert [one.by_us for one in driven.told(Closed)] == [True]
    nothing_works(driven)


def test_bytes_without_a_connection_mean_nothing() -> None:
    """What a transport still hands over after its end is ignored."""
    driven = Driven()
    assert driven.feed(Connack()) == []
    driven.up()
    driven.lost()
    assert driven.feed(incoming(1)) == []
    assert driven.told(Closed) == []
    assert driven.deliveries == []


def test_packets_behind_connack_in_one_piece() -> None:
    """CONNACK and the first messages may come together."""
    driven = Driven()
    driven.connect()
    driven.feed(Connack(), incoming(1), incoming(2))
    assert len(driven.deliveries) == 2


# -- ends ---------------------------------------------------------------------------------------------


def test_the_brokers_disconnect() -> None:
    """Reason code, sentence and server reference are told; nothing is answered."""
    driven = ready()
    said = {"reason_string": "over there", "server_reference": "other:1883"}
    assert driven.feed(Disconnect(0x9C, said)) == []
    assert driven.told(Closed) == [Closed(False, 0x9C, "over there", "other:1883")]
    nothing_works(driven)


@BOTH
@pytest.mark.parametrize("packet", [Connack(), Subscribe(1, [SubscribeOption("a")]), Pingreq(), Connect("c")])
def test_packets_no_server_sends(version: Version, packet: Packet) -> None:
    """MQTT 5 says 0x82 before closing [MQTT-4.13.1-1], 3.1.1 just closes."""
    driven = ready(version)
    if isinstance(packet, Connect):
        packet.version = version
    assert names(driven.feed(packet)) == (["DISCONNECT"] if version == V5 else [])
    assert [(one.by_us, one.reason) for one in driven.told(Closed)] == [(True, 0x82)]
    nothing_works(driven)


def test_auth_that_nobody_asked_for() -> None:
    """Without an Authentication Method in CONNECT the server must not send AUTH (MQTT 5 §4.12)."""
    driven = ready()
    left = driven.feed(Auth(0x18, {"authentication_method": "x"}))
    assert left == [Disconnect(0x82)]


@BOTH
def test_malformed_bytes(version: Version) -> None:
    """What came whole before is handled; MQTT 5 gets the decoder's reason code."""
    driven = ready(version)
    left = driven.raw(encode(incoming(1), version) + b"\x36\x00")
    assert left == ([Disconnect(0x81)] if version == V5 else [])
    assert len(driven.deliveries) == 1
    assert driven.told(Closed)[0].reason == 0x81
    assert driven.raw(b"\x00") == []
    assert len(driven.told(Closed)) == 1


@BOTH
def test_a_broken_rule_before_malformed_bytes(version: Version) -> None:
    """One connection ends once, for the first reason."""
    driven = ready(version)
    driven.raw(encode(Connack(), version) + b"\x36\x00")
    assert [one.reason for one in driven.told(Closed)] == [0x82]


def test_malformed_bytes_before_connack() -> None:
    """A peer that is not MQTT is not answered: nothing is sent before CONNACK."""
    driven = Driven()
    driven.connect()
    assert driven.raw(b"HTTP/1.1 400 Bad Request\r\n") == []
    assert driven.told(Closed)[0].by_us
    nothing_works(driven)


def test_a_farewell_waits_for_no_record() -> None:
    """DISCONNECT for a broken rule leaves although commits lag, and what waited does not."""
    driven = ready()
    driven.durable = False
    driven.publish(row(1))
    assert driven.feed(Connack()) == [Disconnect(0x82)]
    assert driven.commit() == []


@BOTH
def test_disconnect_on_purpose(version: Version) -> None:
    """DISCONNECT goes behind what is queued; nothing follows it [MQTT-3.14.4-1]."""
    driven = ready(version)
    driven.durable = False
    driven.publish(row(1))
    driven.session.disconnect(driven.now)
    assert driven.pump() == []
    driven.session.subscribe([Intent("a")], driven.now)
    assert names(driven.commit()) == ["PUBLISH 1", "DISCONNECT"]
    assert driven.told(Closed) == []
    nothing_works(driven)


def test_disconnect_with_another_session_expiry() -> None:
    """A kept session may be given another life, or ended (contract 2)."""
    for seconds in (0, 86_400):
        driven = ready()
        driven.session.disconnect(driven.now, 0x04, seconds)
        assert driven.pump() == [Disconnect(0x04, {"session_expiry_interval": seconds})]


def test_a_clean_session_cannot_become_a_kept_one() -> None:
    """An expiry in DISCONNECT after none in CONNECT is a protocol error (MQTT 5 §3.14.2.2.2)."""
    driven = Driven(session_expiry_s=0)
    driven.up()
    driven.session.disconnect(driven.now, session_expiry_s=60)
    assert driven.pump() == [Disconnect()]


def test_disconnect_before_connack() -> None:
    """Nothing is sent before CONNACK, so there is nothing to say: the driver just closes."""
    driven = Driven()
    driven.connect()
    driven.session.disconnect(driven.now)
    assert driven.pump() == []
    assert driven.session.link is LinkState.CONNECTING


def test_down_after_every_end() -> None:
    """``lost`` leads back to DOWN, from where the next connection starts."""
    driven = ready()
    driven.lost()
    assert driven.session.link is LinkState.DOWN
    driven.up(True)
    driven.feed(Disconnect(0x8B))
    driven.lost()
    assert driven.session.link is LinkState.DOWN
