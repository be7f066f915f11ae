"""sockets.py: closing without manners."""

from __future__ import annotations

import socket

import pytest

from holdfast.testing.sockets import reset


def test_reset_is_seen_as_a_reset() -> None:
    """Not as an end of the stream."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        reset(accepted)
        with client, pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_closed_socket_can_be_reset() -> None:
    """It is as closed as before."""
    sock = socket.socket()
    sock.close()
    reset(sock)
    assert sock.fileno() == -1
