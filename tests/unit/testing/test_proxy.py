"""proxy.py: a link that misbehaves on demand, on real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from holdfast.codec import V5, Connack, Connect, Pingreq, Pingresp
from holdfast.errors import ConfigurationError
from holdfast.testing import Broker, Proxy
from holdfast.testing.listener import Listener
from tests.contracts.talk import CLOSED, RawClient


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as made:
        yield made


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Proxy]:
    with Proxy(broker.url) as made:
        yield made


def client(proxy: Proxy) -> RawClient:
    raw = RawClient(proxy.port, V5)
    raw.send(Connect("a"))
    assert isinstance(raw.read(), Connack)
    return raw


def ping(raw: RawClient) -> float:
    """How long the answer takes, in seconds."""
    started = time.monotonic()
    raw.send(Pingreq())
    assert raw.read() == Pingresp()
    return time.monotonic() - started


def assert_silent(raw: RawClient) -> None:
    raw.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        raw.read()
    raw.sock.settimeout(5)


def test_in_fine_weather_it_is_not_there(broker: Broker, proxy: Proxy) -> None:
    """Bytes and ends pass; connections are counted."""
    raw, other = client(proxy), client(proxy)  # the same client id: the broker closes the first
    raw.read()
    assert raw.read() == CLOSED
    ping(other)
    other.close()
    assert (proxy.connects, broker.connects) == (2, 2)


def test_delay_holds_for_links_that_exist(proxy: Proxy) -> None:
    """In each direction; heal ends it."""
    raw = client(proxy)
    proxy.delay(0.05)
    assert ping(raw) >= 0.1
    proxy.heal()
    assert ping(raw) < 0.1
    raw.close()


def test_rate_makes_bytes_trickle(proxy: Proxy) -> None:
    """Two bytes there and two back, at 40 bytes a second."""
    raw = client(proxy)
    proxy.rate(40)
    assert ping(raw) >= 0.1
    with pytest.raises(ConfigurationError, match="rate must be above 0"):
        proxy.rate(0)
    raw.close()


def test_a_hole_swallows_old_and_new_links_and_gives_all_back(proxy: Proxy) -> None:
    """Nobody is told of anything until heal, and then nothing is missing."""
    raw = client(proxy)
    proxy.hole()
    late = RawClient(proxy.port, V5)
    late.send(Connect("late"))
    raw.send(Pingreq())
    assert_silent(raw)
    assert_silent(late)
    proxy.heal()
    assert raw.read() == Pingresp()
    assert isinstance(late.read(), Connack)
    raw.close()
    late.close()


def test_a_client_that_hangs_up_in_a_hole_is_not_missed(broker: Broker, proxy: Proxy) -> None:
    """The broker hears of it after heal."""
    raw = client(proxy)
    proxy.hole()
    raw.close()
    assert len(proxy._links) == 1
    proxy.heal()
    deadline = time.monotonic() + 5
    while proxy._links:
        assert time.monotonic() < deadline


def test_refuse_closes_the_door_and_leaves_who_is_inside(proxy: Proxy) -> None:
    """Until heal, on the same port."""
    raw = client(proxy)
    proxy.refuse()
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        RawClient(proxy.port, V5)
    ping(raw)
    proxy.heal()
    client(proxy).close()
    raw.close()


def test_reset_is_a_reset_on_both_sides() -> None:
    """Once: new links live."""
    listener = Listener()
    sock = listener.up()
    sock.setblocking(True)
    with Proxy(f"127.0.0.1:{listener.port}") as proxy:
        for _ in range(2):
            raw = RawClient(proxy.port, V5)
            broker, _ = sock.accept()
            raw.send(b"x")
            assert broker.recv(1) == b"x"
            proxy.reset()
            for end in (raw.sock, broker):
                with pytest.raises(ConnectionResetError):
                    end.recv(1)
                end.close()
    listener.close()


def test_half_close_ends_one_direction() -> None:
    """The client sees the end of the stream, and what it sends still arrives."""
    listener = Listener()
    sock = listener.up()
    sock.setblocking(True)
    with Proxy(f"127.0.0.1:{listener.port}") as proxy:
        raw = RawClient(proxy.port, V5)
        broker, _ = sock.accept()
        raw.send(b"x")
        assert broker.recv(1) == b"x"
        proxy.half_close()
        assert raw.sock.recv(1) == b""
        raw.send(b"y")
        assert broker.recv(1) == b"y"
        broker.close()
        raw.close()
    listener.close()


def test_a_target_that_refuses_is_a_reset_for_the_client() -> None:
    """The proxy lives on."""
    listener = Listener()
    with Proxy(f"127.0.0.1:{listener.port}") as proxy:
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                _dial_and_read(proxy.port)
        assert proxy.connects == 2
    listener.close()


def _dial_and_read(port: int) -> None:
    """The reset may come while the connection is made, or after it."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.recv(1)


def test_the_url_is_the_targets_but_for_the_port(broker: Broker, proxy: Proxy) -> None:
    """The scheme stays, and the name that a certificate is for."""
    assert proxy.url == f"mqtt://127.0.0.1:{proxy.port}"
    with Proxy("mqtts://localhost") as tls:
        assert tls.url == f"mqtts://localhost:{tls.port}"
    with Proxy(f"localhost:{broker.port}") as plain:
        assert plain.url == f"mqtt://localhost:{plain.port}"
        assert plain.start() is plain


def test_misuse_is_named() -> None:
    """Targets that are none, and calls to a proxy that does not run."""
    for target in ("http://", "http://host.example"):
        with pytest.raises(ConfigurationError, match="no host and port"):
            Proxy(target)
    proxy = Proxy("host.example")  # the default port of mqtt
    proxy.stop()
    with pytest.raises(RuntimeError, match="not running"):
        proxy.hole()
    with pytest.raises(RuntimeError, match="not running"):
        _ = proxy.url
