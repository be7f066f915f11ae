"""facade.py: what a test does to its Broker: scripts, cuts, freezes and restarts."""

from __future__ import annotations

import time

import pytest

from holdfast.codec import (
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Subscribe,
    SubscribeOption,
)
from holdfast.errors import ConfigurationError
from holdfast.testing import Broker
from tests.contracts.talk import CLOSED, RawClient
from tests.unit.testing.broker.clients import client, is_present, subscriber


def test_hold_and_release(broker: Broker) -> None:
    """The broker's PUBACK waits; so does a client's."""
    raw = subscriber(broker)
    broker.hold("PUBACK")
    raw.send(Publish("u", b"", 1, packet_id=1), Pingreq())
    assert raw.read() == Pingresp()
    broker.release()
    assert raw.read() == Puback(1, 0x10)
    broker.hold("PUBACK", sender="client")
    broker.publish("t", "x")
    raw.read()
    raw.send(Puback(1), Pingreq())
    raw.read()
    raw.close()
    again = client(broker)
    assert again.read() == Publish("t", b"x", 1, dup=True, packet_id=1)
    again.close()


def test_drop_and_refuse(broker: Broker) -> None:
    """So many times, then no more."""
    raw = client(broker)
    broker.drop("PINGRESP", times=1)
    broker.refuse("PUBLISH", 0x97, times=1)
    raw.send(Pingreq(), Publish("t", b"", 1, packet_id=1), Publish("t", b"", 1, packet_id=2), Pingreq())
    assert [raw.read() for _ in range(3)] == [Puback(1, 0x97), Puback(2, 0x10), Pingresp()]
    with pytest.raises(ConfigurationError, match="no packet type"):
        broker.drop("PINGRSP")
    assert broker.messages() != []
    raw.close()


def test_cut_resets_and_publishes_nothing_by_itself(broker: Broker) -> None:
    """The clients see RST, their sessions stay."""
    raw = client(broker)
    broker.cut()
    with pytest.raises(ConnectionResetError):
        raw.sock.recv(1)
    raw.close()
    again = client(broker)
    assert is_present(again)
    again.close()


def test_a_frozen_broker_is_silent_and_goes_on_after_thaw(broker: Broker) -> None:
    """Sockets stay open, new ones are accepted by the system and get no answer."""
    raw = subscriber(broker)
    broker.freeze()
    broker.publish("t", "kept back")
    raw.send(Pingreq())
    late = RawClient(broker.port, V5)
    late.send(Connect("late"))
    for silent in (raw, late):
        silent.sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            silent.sock.recv(1)
        silent.sock.settimeout(5)
    broker.thaw()
    assert sorted(type(raw.read()).__name__ for _ in range(2)) == ["Pingresp", "Publish"]
    assert isinstance(late.read(), Connack)
    broker.thaw()
    raw.close()
    late.close()


def test_a_restart_keeps_port_sessions_and_scripts(broker: Broker) -> None:
    """And what it tells; the connections are gone without a word."""
    raw = subscriber(broker)
    raw.send(Publish("u", b"before", 1, packet_id=1))
    raw.read()
    port, url = broker.port, broker.url
    broker.refuse("PUBLISH", 0x97, times=1)
    broker.restart()
    assert raw.read() == CLOSED
    assert (broker.port, broker.url) == (port, url)
    again = client(broker)
    assert is_present(again)
    again.send(Publish("t", b"after", 1, packet_id=1), Publish("t", b"after", 1, packet_id=2))
    again.send(Pingreq())
    again.settle()
    assert Puback(1, 0x97) in again.heard
    assert [message.payload for message in broker.messages()] == [b"before", b"after"]
    again.close()


def test_a_forgetful_restart_knows_no_session(broker: Broker) -> None:
    """Nor what was retained."""
    client(broker).close()
    broker.publish("r", "x", retain=True)
    broker.restart(forget=True)
    again = client(broker)
    assert not is_present(again)
    again.send(Subscribe(1, [SubscribeOption("r")]), Pingreq())
    again.read()
    assert again.read() == Pingresp()
    again.close()


def test_while_it_is_down_connections_are_refused(broker: Broker) -> None:
    """``restart`` returns at once all the same, and the broker comes back by itself."""
    started = time.monotonic()
    broker.restart(down_s=0.2)
    assert time.monotonic() - started < 0.15
    refusals = 0
    while True:
        try:
            client(broker).close()
            break
        except ConnectionRefusedError:
            refusals += 1
            assert time.monotonic() - started < 5
    assert refusals
    assert time.monotonic() - started >= 0.2


def test_a_restart_ends_a_freeze(broker: Broker) -> None:
    """A new process is not a stopped one."""
    broker.freeze()
    broker.restart()
    client(broker).close()


def test_refer_sends_everybody_away(broker: Broker) -> None:
    """Who is connected gets a DISCONNECT, who comes a CONNACK, with the reference; until it is released."""
    raw = client(broker)
    broker.refer("other.example:1884")
    reference = {"server_reference": "other.example:1884"}
    assert raw.read() == Disconnect(0x9C, reference)
    raw.close()
    for version, answer in ((V5, Connack(False, 0x9C, reference)), (V311, Connack(False, 3))):
        refused = RawClient(broker.port, version)
        refused.send(Connect("c", True, version=version))
        assert [refused.read(), refused.read()] == [answer, CLOSED]
    broker.refer("moved.example", for_good=True)
    broker.restart()
    refused = RawClient(broker.port, V5)
    refused.send(Connect("c"))
    assert refused.read() == Connack(False, 0x9D, {"server_reference": "moved.example"})
    refused.close()
    broker.release()
    client(broker).close()
