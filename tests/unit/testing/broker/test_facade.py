"""facade.py: Broker as a test uses it, on real sockets."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from holdfast.codec import (
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    SubscribeOption,
    Version,
    encode,
)
from holdfast.errors import ConfigurationError
from holdfast.testing import Broker
from holdfast.testing.model import BrokerLimits
from tests.contracts.talk import CLOSED, RawClient
from tests.support import certificates
from tests.support.scram import ScramServer
from tests.unit.testing.broker.clients import client, is_present, subscriber


@pytest.mark.parametrize("version", [V311, V5])
def test_messages_both_ways(broker: Broker, version: Version) -> None:
    """It publishes to clients and tells what they published, by filter and in order."""
    raw = client(broker, version=version)
    raw.send(Subscribe(1, [SubscribeOption("t/#", 1)]))
    raw.read()
    broker.publish("t/1", "text", qos=1)
    assert raw.read() == Publish("t/1", b"text", 1, packet_id=1)
    raw.send(Puback(1), Publish("t/2", b"one", 1, packet_id=1), Publish("u", b"two"), Publish("t/3", b"3"))
    raw.settle()
    assert [(m.topic, m.payload, m.qos) for m in broker.messages("t/+")] == [
        ("t/2", b"one", 1),
        ("t/3", b"3", 0),
    ]
    assert len(broker.messages()) == 3
    raw.close()


def test_publish_takes_what_a_client_takes(broker: Broker) -> None:
    """Text or bytes, retained, with properties; a wrong topic is an error here."""
    raw = client(broker)
    broker.publish("r", bytearray(b"x"), qos=0, retain=True, properties={"content_type": "text/plain"})
    raw.send(Subscribe(1, [SubscribeOption("r")]))
    raw.read()
    assert raw.read() == Publish("r", b"x", 0, True, properties={"content_type": "text/plain"})
    with pytest.raises(ConfigurationError):
        broker.publish("a/+", "x")
    with pytest.raises(ConfigurationError):
        broker.messages("a/#/b")
    raw.close()


def test_it_counts_connects(broker: Broker) -> None:
    """Refused ones too, and over restarts."""
    assert broker.connects == 0
    client(broker).close()
    broker.refuse("CONNECT", 0x87, times=1)
    refused = client(broker)
    assert refused.heard == [Connack(False, 0x87)]
    assert refused.read() == CLOSED
    broker.restart()
    assert broker.connects == 2


def test_strict_mode_names_the_violation() -> None:
    """And a plain broker takes the same."""
    for strict in (True, False):
        with Broker(strict=strict) as broker:
            raw = subscriber(broker)
            for text in ("1", "2"):
                broker.publish("t", text)
                raw.read()
            raw.send(Puback(2), Pingreq())
            answer = raw.read()
            assert answer == (Disconnect(0x82) if strict else Pingresp())
            assert broker.violations == (["a: PUBACK 2 before PUBACK 1 [MQTT-4.6.0-2]"] if strict else [])
            raw.close()


def test_limits_are_the_models(broker: Broker) -> None:
    """They are announced and kept."""
    with Broker(limits=BrokerLimits(receive_maximum=1)) as limited:
        raw = client(limited)
        assert isinstance(raw.heard[0], Connack)
        assert raw.heard[0].properties["receive_maximum"] == 1
        raw.send(Publish("t", b"", 2, packet_id=1), Publish("t", b"", 2, packet_id=2))
        assert [raw.read() for _ in range(3)] == [Pubrec(1), Disconnect(0x93), CLOSED]


def test_what_fsync_has_promised_outlives_stop(tmp_path: Path) -> None:
    """A new broker on the same file goes on; a QoS 2 message in flight is taken once."""
    path = tmp_path / "broker.log"
    with Broker(persist="fsync", path=path) as broker:
        raw = subscriber(broker)
        raw.send(Publish("t", b"x", 2, packet_id=1))
        assert raw.read() == Pubrec(1)
        raw.close()
    with Broker(persist="fsync", path=path) as broker:
        raw = client(broker)
        assert is_present(raw)
        raw.send(Publish("t", b"x", 2, dup=True, packet_id=1), Pubrel(1))
        heard = [raw.read() for _ in range(3)]
        assert sum(isinstance(packet, Publish) for packet in heard) == 1
        raw.close()


def test_stopped_in_memory_is_forgotten() -> None:
    """And it can be started again, on the same port."""
    broker = Broker()
    with broker:
        port = broker.port
        client(broker).close()
    with broker:
        assert broker.port == port
        again = client(broker)
        assert not is_present(again)
        again.close()


def test_misuse_is_named() -> None:
    """Options that contradict each other, and calls to a broker that does not run."""
    with pytest.raises(ConfigurationError, match="path=None"):
        Broker(persist="fsync")
    with pytest.raises(ConfigurationError, match="persist='memory'"):
        Broker(path="somewhere")
    broker = Broker()
    broker.stop()
    with pytest.raises(RuntimeError, match="not running"):
        broker.publish("t", "x")
    with broker, pytest.raises(OSError, match="in use"):
        Broker(port=broker.port).start()
    with broker:
        assert broker.start() is broker


def test_a_file_that_cannot_be_written_is_an_error_at_start(tmp_path: Path) -> None:
    """And leaves no port taken."""
    broker = Broker(persist="fsync", path=tmp_path / "no" / "such" / "folder")
    with pytest.raises(OSError, match="folder"):
        broker.start()
    with Broker(port=broker._port):
        pass


async def test_it_serves_asynchronous_tests(broker: Broker) -> None:
    """Its calls do not need the test's loop, and do not stop it for long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    writer.write(encode(Connect("a"), V5))
    assert await reader.read(100)
    broker.restart()
    assert await reader.read(100) == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.needs("openssl")
def test_tls(tmp_path: Path) -> None:
    """The URL says so, and names the host that the certificate is for."""
    made = certificates.Authority(tmp_path / "ca")
    with Broker(ssl_context=made.issue("server").context()) as broker:
        assert broker.url == f"mqtts://localhost:{broker.port}"
        raw = RawClient(broker.port, V5)
        context = ssl.create_default_context(cafile=str(made.file))
        raw.sock = context.wrap_socket(raw.sock, server_hostname="localhost")
        raw.send(Connect("a"))
        assert isinstance(raw.read(), Connack)
        raw.send(b"\xff\0")
        heard: list[Any] = [raw.read(), raw.read()]
        assert heard == [Disconnect(0x81), CLOSED]


def test_a_packet_of_any_size_passes(broker: Broker) -> None:
    """A megabyte there and back."""
    raw = subscriber(broker)
    big = bytes(range(256)) * 4096
    raw.send(Publish("t", big, 0))
    packet: Packet | str = raw.read()
    assert isinstance(packet, Publish)
    assert packet.payload == big
    raw.close()


def test_it_lets_nobody_in_whom_it_has_not_examined() -> None:
    """An Examiner for each exchange, also after a restart; not with fsync, which makes calls again."""
    with Broker(authentication=ScramServer) as broker:
        for _ in range(2):
            raw = client(broker)
            assert raw.heard == [Connack(False, 0x87)]
            raw.close()
            broker.restart()
    with pytest.raises(ConfigurationError, match="authentication="):
        Broker(persist="fsync", path="log", authentication=ScramServer)
