"""The ack server as a process: real sockets, and an account of its own cost."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import certificate
from benchmarks.ack_packets import varint
from benchmarks.servers import AckServer

CONNECT = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c"
PAYLOAD = b"x" * 64
MESSAGES = 20_000


@pytest.fixture(scope="module")
def server() -> Iterator[AckServer]:
    with AckServer() as running:
        yield running


def connect(server: AckServer) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    client.sendall(CONNECT)
    assert read(client, 4) == b"\x20\x02\0\0"
    return client


def read(client: socket.socket, count: int) -> bytes:
    """Exactly so many bytes."""
    data = bytearray()
    while len(data) < count:
        chunk = client.recv(count - len(data))
        assert chunk, f"closed after {len(data)} of {count} bytes"
        data += chunk
    return bytes(data)


def publish(packet_id: int) -> bytes:
    body = b"\0\x01t" + packet_id.to_bytes(2, "big") + PAYLOAD
    return b"\x32" + varint(len(body)) + body


def test_publishes_are_acknowledged_and_counted(server: AckServer) -> None:
    """Every PUBLISH gets its PUBACK, and the report agrees; the server costs less than 5 µs for each."""
    with connect(server) as client:
        for first in range(1, MESSAGES + 1, 1000):
            ids = range(first, first + 1000)
            client.sendall(b"".join(map(publish, ids)))
            assert read(client, 4000) == b"".join(b"\x40\x02" + i.to_bytes(2, "big") for i in ids)
        client.sendall(b"\xe0\0")
    report = server.report()
    assert report["published"] == [0, MESSAGES, 0]
    assert report["error"] is None
    assert (report["cpu_user"] + report["cpu_sys"]) / MESSAGES < 5e-6


def test_a_stream_larger_than_the_socket_arrives_whole(server: AckServer) -> None:
    """100 messages of 100 kB wait in the server until the client reads them; nothing is cut or doubled."""
    topic = b"bench/100/0/100000/1"
    body = b"\0\x14" + topic + b"x" * 100_000
    message = b"\x30" + varint(len(body)) + body
    with connect(server) as client:
        client.sendall(b"\x82\x19\0\x01\0\x14" + topic + b"\0")
        assert read(client, 5) == b"\x90\x03\0\x01\0"
        for _ in range(100):
            assert read(client, len(message)) == message
        assert read(client, 28) == b"\x30\x1a\0\x14" + topic + b"done"
    assert server.report()["sent"] == 100


def test_an_error_is_reported(server: AckServer) -> None:
    """A client that speaks no MQTT is hung up on, and the report says why."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 8)
        assert client.recv(1) == b""
    assert "ProtocolError" in server.report()["error"]


def test_behind_tls_it_answers_the_same(tmp_path: Path) -> None:
    """With a certificate the same packets get the same answers, and the parting is clean on both sides."""
    made = certificate.make(tmp_path)
    trusting = ssl.create_default_context(cafile=str(made.cert))
    with (
        AckServer("--cert", str(made.cert), "--key", str(made.key)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        client.sendall(CONNECT + publish(7))
        assert read(client, 8) == b"\x20\x02\0\0\x40\x02\0\x07"
        client.sendall(b"\xe0\0")
        client.unwrap()
        report = server.report()
    assert (report["published"], report["error"]) == ([0, 1, 0], None)


def test_a_mute_server_hangs_after_the_connack() -> None:
    """It greets and then answers nothing, and the connection stays."""
    with AckServer("--mute") as server, connect(server) as client:
        client.sendall(publish(1))
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)
