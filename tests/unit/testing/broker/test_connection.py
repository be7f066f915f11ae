"""connection.py: one accepted socket."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.testing.broker import connection as module
from holdfast.testing.broker.connection import Connection, Gone
from holdfast.testing.sockets import reset
from tests.support import certificates

LIMIT_S = 5


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's socket and the accepted one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), LIMIT_S)
        accepted, _ = server.accept()
        with client, accepted:
            yield client, accepted


def read(connection: Connection) -> bytes:
    """Wait until there is something."""
    while True:
        data = connection.read()
        if data:
            return data


def test_it_reads_what_is_there_and_sends_what_it_can(ends: tuple[socket.socket, socket.socket]) -> None:
    """Without waiting, and without delay on small packets."""
    client, accepted = ends
    connection = Connection(accepted, 1, None)
    assert connection.read() == b""
    client.sendall(b"ping")
    assert read(connection) == b"ping"
    connection.send(b"po")
    connection.send(b"ng")
    assert not connection.flush()
    assert client.recv(10) == b"pong"
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_end_of_a_client_is_told(ends: tuple[socket.socket, socket.socket]) -> None:
    """Its farewell, and its reset."""
    client, accepted = ends
    connection = Connection(accepted, 1, None)
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(Gone):
        read(connection)
    connection.close()
    with pytest.raises(Gone):
        connection.read()


def test_a_slow_reader_gets_everything_later(ends: tuple[socket.socket, socket.socket]) -> None:
    """``flush`` tells that something is left."""
    client, accepted = ends
    connection = Connection(accepted, 1, None)
    data = bytes(range(256)) * 100_000
    connection.send(data)
    assert connection.flush()
    got = bytearray()
    while len(got) < len(data):
        got += client.recv(1 << 20)
        connection.flush()
    assert got == data


def test_who_does_not_read_is_gone_at_some_point(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for one client is bounded."""
    monkeypatch.setattr(module, "BACKLOG_BYTES", 1000)
    connection = Connection(ends[1], 1, None)
    connection.send(b"x" * 1001)
    with pytest.raises(Gone):
        connection.send(b"x")


def test_the_last_packet_arrives_though_the_client_goes_on_sending(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """Closing with unread bytes would be a reset, which overtakes it; what still comes means nothing."""
    client, accepted = ends
    connection = Connection(accepted, 1, None)
    client.sendall(b"unread")
    connection.send(b"goodbye")
    connection.closing = True
    assert not connection.flush()
    assert connection.read() == b""
    assert client.recv(100) == b"goodbye"
    assert client.recv(100) == b""


def test_sending_to_a_reset_client(ends: tuple[socket.socket, socket.socket]) -> None:
    """Is told as its end."""
    client, accepted = ends
    connection = Connection(accepted, 1, None)
    reset(client)

    def send_until_told() -> None:
        while True:
            connection.send(b"x")
            connection.flush()

    with pytest.raises(Gone):
        send_until_told()


def test_reset_is_a_reset(ends: tuple[socket.socket, socket.socket]) -> None:
    """Not the end of a stream."""
    client, accepted = ends
    Connection(accepted, 1, None).reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


@pytest.mark.needs("openssl")
def test_tls_there_and_back(ends: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    """Handshake, data in both directions, and an end the client understands."""
    made = certificates.Authority(tmp_path / "ca")
    client, accepted = ends
    connection = Connection(accepted, 1, made.issue("server").context())
    heard: list[bytes] = []

    def dial() -> None:
        context = ssl.create_default_context(cafile=str(made.file))
        with context.wrap_socket(client, server_hostname="localhost", suppress_ragged_eofs=False) as tls:
            tls.sendall(b"x" * 40_000)
            heard.append(tls.recv(100))
            heard.append(tls.recv(100))

    thread = threading.Thread(target=dial)
    thread.start()
    got = b""
    connection.send(b"waits for the handshake")
    while len(got) < 40_000:
        got += connection.read()
    until(lambda: not connection.flush())
    connection.closing = True
    connection.flush()
    thread.join(LIMIT_S)
    connection.close()
    assert heard == [b"waits for the handshake", b""]


def until(check: Callable[[], bool]) -> None:
    """Ask again and again; the test's own limit ends it."""
    while not check():
        pass
