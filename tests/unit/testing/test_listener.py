"""listener.py: a port that is kept while nobody listens on it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from holdfast.testing.listener import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


def dial(listener: Listener) -> socket.socket:
    return socket.create_connection(("127.0.0.1", listener.port), 5)


def accept(listener: Listener) -> list[socket.socket]:
    """What waits; a loopback connection waits as soon as it is made."""
    return listener.accept()


def test_it_refuses_until_it_is_up_and_after_it_is_down(listener: Listener) -> None:
    """On one port all the time."""
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            dial(listener)
        listener.up()
        with dial(listener):
            (accepted,) = accept(listener)
            accepted.close()
        assert accept(listener) == []
        listener.down()
        assert accept(listener) == []


def test_who_was_not_accepted_is_reset(listener: Listener) -> None:
    """As when a process dies."""
    listener.up()
    with dial(listener) as waiting:
        listener.down()
        with pytest.raises(ConnectionResetError):
            waiting.recv(1)


def test_the_port_is_not_given_away_while_it_is_down(listener: Listener) -> None:
    """No free-port request gets it."""
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", listener.port))


def test_a_port_that_is_taken_is_an_error(listener: Listener) -> None:
    """Nothing is left open behind it."""
    listener.up()
    with pytest.raises(OSError, match="in use"):
        Listener(listener.port)


def test_a_port_that_somebody_took_meanwhile_is_an_error(listener: Listener) -> None:
    """Somebody who shares addresses may listen while we are down."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", listener.port))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            listener.up()


def test_up_and_down_twice_change_nothing(listener: Listener) -> None:
    """The socket stays the same while it is up."""
    assert listener.up() is listener.up()
    listener.down()
    listener.down()
    assert listener.sock is None
