"""From settings to the keywords of Client."""

from __future__ import annotations

import pytest

from holdfast import TLS, Outbox, Reconnect
from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.build import PLAIN, keywords
from holdfast.cli.settings.keys import GROUPS, KEYS
from holdfast.cli.settings.setting import Setting


def test_every_key_is_built_from() -> None:
    """None is read and then forgotten."""
    assert {key.partition(".")[0] for key in KEYS} == {*PLAIN, *GROUPS}


def test_groups_become_their_options() -> None:
    """What was not said has the default of Client."""
    settings = {
        "url": "mqtts://b.example", "keepalive_s": 30, "tls.ca_file": "ca.pem", "outbox.path": "o.db",
        "outbox.durability": "process", "reconnect": "lan", "reconnect.max_attempts": 3,
    }  # fmt: skip
    assert keywords({key: Setting(value) for key, value in settings.items()}) == {
        "url": "mqtts://b.example", "keepalive_s": 30, "tls": TLS(ca_file="ca.pem"),
        "outbox": Outbox("o.db", durability="process"),
        "reconnect": Reconnect(max_delay_s=1.5, attempt_timeout_s=2, max_attempts=3),
    }  # fmt: skip
    assert keywords({}) == {}


def test_a_group_without_its_preset_is_wan() -> None:
    """As Client has it."""
    assert keywords({"reconnect.max_delay_s": Setting(60)}) == {"reconnect": Reconnect(max_delay_s=60)}


def test_what_does_not_go_together_is_told_with_its_origins() -> None:
    """Of the group, and of no other key."""
    settings = {"url": Setting("mqtts://b.example", "X"), "tls.key_file": Setting("key.pem", "x.toml")}
    with pytest.raises(SettingsError, match=r"^x.toml: TLS: a key without cert_file"):
        keywords(settings)
