"""``holdfast outbox backup``, ``restore`` and ``rebind``: what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.keeping import backup, rebind, restore
from holdfast.errors import ConfigurationError
from tests.unit.cli.outboxes import JSON, PLAIN, objects, owned
from tests.unit.outbox.files import accept, query

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outbox with two messages, in the folder where we are."""
    monkeypatch.chdir(tmp_path)
    outbox = owned(tmp_path / "gateway.db")
    accept(outbox, 2)
    outbox.close(10)
    return tmp_path / "gateway.db"


def test_backup_and_restore(path: Path, capsys: Capsys) -> None:
    """In the words that were typed."""
    assert backup("gateway.db", "kept.db", PLAIN) == 0
    assert restore("kept.db", "gateway.db", True, PLAIN) == 0
    kept, restored = capsys.readouterr().out.splitlines()
    assert kept == "gateway.db is kept as kept.db"
    assert restored.startswith("gateway.db is as kept.db was: 2 messages pending; what was in flight is sent")


def test_backup_and_restore_in_json(path: Path, capsys: Capsys) -> None:
    """One object each."""
    backup("gateway.db", "kept.db", JSON)
    restore("kept.db", "gateway.db", True, JSON)
    size = path.with_name("kept.db").stat().st_size
    assert objects(capsys) == [
        {"event": "backup", "to": "kept.db", "bytes": size},
        {"event": "restore", "pending": 2},
    ]


def test_a_file_is_no_backup_of_itself(path: Path) -> None:
    """By whichever name."""
    path.with_name("link.db").symlink_to(path)
    with pytest.raises(ConfigurationError, match="are the same"):
        restore("link.db", "gateway.db", True, PLAIN)


@pytest.mark.parametrize(
    ("client_id", "url", "to"),
    [
        ("gateway-8", None, "the client id gateway-8"),
        (None, "mqtts://broker.example", "the broker broker.example:8883"),
        (None, "unix:///run/mosquitto.sock", "the broker /run/mosquitto.sock"),
        ("gateway-8", "mqtt://[::1]", "the client id gateway-8 and the broker [::1]:1883"),
    ],
)
def test_rebind(path: Path, client_id: str | None, url: str | None, to: str, capsys: Capsys) -> None:
    """To a client, to a broker, or to both."""
    assert rebind("gateway.db", client_id, url, PLAIN) == 0
    assert capsys.readouterr().out.startswith(f"gateway.db belongs to {to} now; what was in flight is sent")


def test_a_secret_in_the_url_is_not_kept(path: Path, capsys: Capsys) -> None:
    """The broker is a place; who dials it is no part of that."""
    rebind("gateway.db", None, "mqtt://user:s3cret@broker.example", JSON)
    assert "s3cret" not in capsys.readouterr().out
    assert ("broker.example:1883",) in query(path, "SELECT value FROM meta")


@pytest.mark.parametrize("client_id", ["", "a\0b"])
def test_a_client_id_that_cannot_be(path: Path, client_id: str) -> None:
    """Said before the file is touched."""
    with pytest.raises(ConfigurationError, match="client_id"):
        rebind("gateway.db", client_id, None, PLAIN)
