"""server.py: the loop between the sockets, the model and the disk. (What users see: test_facade.py.)"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from holdfast.codec import V5, Connect, Disconnect, Publish, Subscribe, SubscribeOption
from holdfast.testing.broker import connection
from holdfast.testing.broker import server as module
from holdfast.testing.broker.connection import Connection
from holdfast.testing.broker.keeper import Keeper
from holdfast.testing.broker.log import CallLog
from holdfast.testing.broker.server import Server, broker_now
from holdfast.testing.listener import Listener
from tests.contracts.talk import CLOSED, RawClient
from tests.unit.testing.bench import summary


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with a file, up and ticking."""
    listener = Listener()
    made = Server(listener, Keeper(None, True, tmp_path / "log", broker_now()), None)
    made.loop.call(made.up)
    made.loop.call(made.tick)
    yield made
    made.loop.call(made.close)
    made.loop.stop()


def client(server: Server, name: str = "a", keepalive: int = 0) -> RawClient:
    """Connected, with a kept session."""
    made = RawClient(server._listener.port, V5)
    made.send(Connect(name, False, keepalive, properties={"session_expiry_interval": 60}))
    made.read()
    return made


def test_an_acknowledgement_leaves_after_its_message_is_on_disk(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the client has its PUBACK, the file holds the call that the message came with."""
    raw = client(server)
    on_disk_before: list[bool] = []
    plain = Connection.send

    def send(connection: Connection, data: bytes) -> None:
        calls = CallLog(tmp_path / "log").read()[1]
        on_disk_before.append(any(b"the message" in args[1] for name, args, _ in calls if name == "receive"))
        plain(connection, data)

    monkeypatch.setattr(Connection, "send", send)
    raw.send(Publish("t", b"the message", 1, packet_id=1))
    assert summary([raw.read()]) == ["PUBACK 1 0x10"]  # type: ignore[list-item]
    assert on_disk_before == [True]
    raw.close()


def test_one_commit_for_all_that_one_turn_has_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred messages in one write of the client cost one fsync, not a hundred."""
    raw = client(server)
    commits: list[int] = []
    log = server.keeper._log
    assert log is not None
    plain = log.commit

    def commit() -> None:
        plain()
        commits.append(1)

    monkeypatch.setattr(log, "commit", commit)
    raw.send(*(Publish("t", b"x", 1, packet_id=n) for n in range(1, 101)))
    for _ in range(100):
        raw.read()
    assert 1 <= len(commits) <= 5
    raw.close()


def test_a_silent_client_is_found_by_the_ticks(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep alive runs on the wall clock of the loop."""
    ahead_s = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: monotonic() + ahead_s[0])
    raw = client(server, keepalive=10)
    ahead_s[0] = 16
    assert raw.read() == Disconnect(0x8D)
    assert raw.read() == CLOSED


def test_who_does_not_hang_up_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After CLOSE the socket stays for a moment, so that the last packet arrives, and not for ever."""
    monkeypatch.setattr(module, "LINGER_S", 0.01)
    raw = client(server)
    raw.send(b"\xff\0")
    assert summary([raw.read()]) == ["DISCONNECT 0x81"]  # type: ignore[list-item]
    while server.loop.call(lambda: len(server._connections)):
        pass
    raw.close()


def test_who_does_not_read_is_cut_off_and_the_rest_is_served(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound that one client meets is no matter of the others."""
    monkeypatch.setattr(connection, "BACKLOG_BYTES", 1 << 20)
    lazy, other = client(server, "lazy"), client(server, "other")
    lazy.send(Subscribe(1, [SubscribeOption("big")]))
    lazy.read()
    sent = 0
    while len(server.loop.call(lambda: list(server._connections))) == 2:
        other.send(Publish("big", b"x" * 100_000, 1, packet_id=1))
        other.read()
        sent += 1
        assert sent < 1000, "nobody was cut off"
    assert server.keeper.core.sessions["lazy"].link is None
    lazy.close()
    other.close()
