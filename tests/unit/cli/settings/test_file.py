"""Settings from a TOML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.file import from_file
from holdfast.cli.settings.setting import Setting
from tests.support.leaks import SECRET


def write(folder: Path, text: str | bytes) -> str:
    path = folder / "x.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_keys_groups_and_ingests(tmp_path: Path) -> None:
    """Keys by their names, those of a group behind it; the ingests as they are."""
    path = write(
        tmp_path,
        """
        url = "mqtt://b.example"
        reconnect = "lan"
        [outbox]
        path = "o.db"
        max_age_s = "off"
        [tls]
        ca_file = "ca.pem"
        [[ingest]]
        topic = "a/{n}"
        [ingest.columns]
        n = "{n} text"
        [[ingest]]
        topic = ["b", "c"]
        """,
    )
    settings, tables = from_file(path)
    assert settings == {
        "url": Setting("mqtt://b.example", path), "reconnect": Setting("lan", path),
        "outbox.path": Setting("o.db", path), "outbox.max_age_s": Setting(None, path),
        "tls.ca_file": Setting("ca.pem", path),
    }  # fmt: skip
    assert tables == [{"topic": "a/{n}", "columns": {"n": "{n} text"}}, {"topic": ["b", "c"]}]


def test_an_outbox_is_a_file_in_short(tmp_path: Path) -> None:
    """``outbox = FILE`` is its path; ``reconnect`` a preset or a group."""
    assert from_file(write(tmp_path, 'outbox = "o.db"'))[0]["outbox.path"].value == "o.db"
    settings, _ = from_file(write(tmp_path, "[reconnect]\nmax_delay_s = 3"))
    assert settings["reconnect.max_delay_s"].value == 3


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """That is no error."""
    assert from_file(write(tmp_path, "")) == ({}, [])


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("keepalive = 60", "keepalive is no key", "did you mean keepalive_s?"),
        ("tsl = 1", "tsl is no key", "did you mean tls?"),
        ('tls = "ca.pem"', "tls is text, not a table", "write [tls] above"),
        ("[outbox]\npth = 1", "outbox.pth is no key", "did you mean outbox.path?"),
        ("[[outbox]]\npath = 1", "outbox.path is a list, not text", "in quotes"),
        ("[ingest]\ntopic = 1", "ingest is not a list of tables", "write [[ingest]]"),
        ('http = "127.0.0.1:8080"', "http is no key", ""),
        ("url = mqtt://b", "is not TOML: Invalid value (at line 1, column 7)", 'key = "text"'),
        ("url = 1\nurl = 2", "is not TOML: Cannot overwrite a value", ""),
        (f"keepalive_s = {'9' * 5000}", "has a number of thousands of digits", "smaller"),
        (b"url = '\xff'", "is not UTF-8 at byte 7", ""),
    ],
)
def test_what_is_wrong_is_told_with_the_file(
    tmp_path: Path, text: str | bytes, sentence: str, hint: str
) -> None:
    """One sentence, and a next step."""
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        from_file(path)
    assert str(caught.value).startswith(path)
    assert sentence in str(caught.value)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [f'password = "{SECRET}"', f'url = "mqtt://me:{SECRET}@b.example:0"', f"url = mqtt://me:{SECRET}@b.example",
     f'[tls]\nkey_password = "{SECRET}"'],
)  # fmt: skip
def test_no_password_is_told(tmp_path: Path, text: str) -> None:
    """Whatever is wrong with what stands around it."""
    with pytest.raises(SettingsError) as caught:
        from_file(write(tmp_path, text))
    assert SECRET not in f"{caught.value}{caught.value.hint}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what the system says of it."""
    with pytest.raises(SettingsError, match=r"none.toml cannot be read: No such file") as caught:
        from_file(str(tmp_path / "none.toml"))
    assert "is the path right" in str(caught.value.hint)
    with pytest.raises(SettingsError, match="cannot be read"):
        from_file(str(tmp_path))
