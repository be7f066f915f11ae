"""The keys are those of Client and its options, each checked by what it is for."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from holdfast import TLS, Client, Outbox, Reconnect
from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.keys import GROUPS, KEYS, setting
from holdfast.cli.settings.setting import Setting
from tests.support.leaks import SECRET


def of_group(name: str) -> set[str]:
    return {key.partition(".")[2] for key in KEYS if key.startswith(f"{name}.")}


def test_every_key_is_a_name_of_the_library() -> None:
    """One name per thing; passwords are in no key."""
    keywords = set(inspect.signature(Client).parameters)
    assert {key.partition(".")[0] for key in KEYS} <= keywords
    assert of_group("outbox") == set(Outbox.__match_args__)
    assert of_group("reconnect") == set(Reconnect.__match_args__)
    assert of_group("tls") < set(TLS.__match_args__)
    assert not any(key.endswith("password") for key in KEYS)
    assert set(GROUPS) == {"outbox", "reconnect", "tls"}


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("url", ["mqtt://a", ["mqtt://b", "mqtt://c"]], ["mqtt://a", ["mqtt://b", "mqtt://c"]]),
        ("keepalive_s", 60, 60),
        ("reconnect", "lan", "lan"),
        ("reconnect.max_attempts", "off", None),
        ("outbox.keep_qos0", True, True),
        ("outbox.max_bytes", "off", None),
    ],
)
def test_a_value_is_kept(key: str, value: Any, kept: Any) -> None:
    """As it is; ``off`` is None where there may be none."""
    assert setting(key, value, "x.toml") == Setting(kept, "x.toml")


@pytest.mark.parametrize(
    ("key", "value", "sentence", "hint"),
    [
        ("keepalive", 60, "keepalive is no key", "did you mean keepalive_s?"),
        ("keepalive_s", "60", "keepalive_s is '60', not a number", "without quotes, as 1.5"),
        ("keepalive_s", True, "keepalive_s is True, not a number", "without quotes"),
        ("keepalive_s", -1, "keepalive_s must be 0 to 65535, not -1", "0 switches it off"),
        ("keepalive_s", "off", "keepalive_s is 'off', not a number", "without quotes"),
        ("client_id", "", "client_id is empty", "leave it out"),
        ("username", 7, "username is 7, not text", 'in quotes, as "text"'),
        ("version", "4", "version '4' is not known", '"5", "3.1.1"'),
        ("reconnect", "fast", "reconnect 'fast' is not known", '"lan", "wan"'),
        ("reconnect.max_delay_s", 0, "max_delay_s must be finite and at least 0.001, not 0", ""),
        ("reconnect.max_attempts", 1.5, "max_attempts is 1.5, not a whole number", ', or "off"'),
        ("outbox.overflow", "drop", "overflow 'drop' is not one of wait", ""),
        ("outbox.path", "", "the path is empty", "name a file"),
        ("tls.ca_file", ["a"], "tls.ca_file is a list, not text", "in quotes"),
        ("url", "broker.example", "broker.example", "write mqtt://broker.example"),
        ("proxy", "proxy.example:1", "proxy", ""),
    ],
)
def test_a_wrong_value_is_a_sentence(key: str, value: Any, sentence: str, hint: str) -> None:
    """File, key, value and the next step."""
    with pytest.raises(SettingsError) as caught:
        setting(key, value, "x.toml")
    assert str(caught.value).startswith("x.toml: ")
    assert sentence in str(caught.value)
    assert key.rpartition(".")[2] in str(caught.value)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", f"mqtt://me:{SECRET}@b.example:0"),
        ("url", [f"mqtt://me:{SECRET}@b.example", 7]),
        ("url", {"a": SECRET}),
        ("proxy", f"http://me:{SECRET}@p.example:x"),
        ("proxy", [SECRET]),
        ("password", SECRET),
        ("outbox.password", SECRET),
    ],
)
def test_no_password_is_told(key: str, value: Any) -> None:
    """Neither a wrong URL nor what stands under a key that is none."""
    with pytest.raises(SettingsError) as caught:
        setting(key, value, "x.toml")
    assert SECRET not in f"{caught.value}{caught.value.hint}"
