"""Settings from variables."""

from __future__ import annotations

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.environment import from_environment, variable
from holdfast.cli.settings.keys import KEYS
from tests.support.leaks import SECRET


def test_a_variable_is_its_key_in_capitals() -> None:
    """One underscore for the dot of a group; no two keys share one."""
    assert variable("reconnect.max_delay_s") == "HOLDFAST_RECONNECT_MAX_DELAY_S"
    assert len({variable(key) for key in KEYS}) == len(KEYS)


def test_what_stands_there_is_read() -> None:
    """By key; what is empty is not set, and what is no key is nobody's business."""
    found = from_environment(
        {
            "HOLDFAST_URL": "mqtt://b.example",
            "HOLDFAST_KEEPALIVE_S": "30",
            "HOLDFAST_OUTBOX": "o.db",
            "HOLDFAST_OUTBOX_MAX_BYTES": "off",
            "HOLDFAST_RECONNECT": "lan",
            "HOLDFAST_CLIENT_ID": "",
            "HOLDFAST_OTHER": "x",
            "KEEPALIVE_S": "1",
        }
    )
    assert {key: one.value for key, one in found.items()} == {
        "url": "mqtt://b.example", "keepalive_s": 30, "outbox.path": "o.db", "outbox.max_bytes": None,
        "reconnect": "lan",
    }  # fmt: skip
    assert found["outbox.path"].origin == "HOLDFAST_OUTBOX"


def test_only_what_is_wanted_is_read() -> None:
    """Else a variable that a command has no use for could end it."""
    assert from_environment({"HOLDFAST_KEEPALIVE_S": "soon"}, ("url",)) == {}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("HOLDFAST_KEEPALIVE_S", "soon", "HOLDFAST_KEEPALIVE_S: 'soon' is not a number"),
        ("HOLDFAST_KEEPALIVE_S", "-1", "HOLDFAST_KEEPALIVE_S: keepalive_s must be 0 to 65535, not -1"),
        ("HOLDFAST_OUTBOX_MAX_MESSAGES", "1.5", "'1.5' is not a whole number"),
        ("HOLDFAST_OUTBOX_KEEP_QOS0", "yes", "'yes' is not true or false"),
        ("HOLDFAST_URL", f"mqtt://me:{SECRET}@b.example:0", "HOLDFAST_URL: "),
    ],
)
def test_a_wrong_one_is_named(name: str, text: str, sentence: str) -> None:
    """With its value, but never with a password."""
    with pytest.raises(SettingsError) as caught:
        from_environment({name: text})
    assert sentence in str(caught.value)
    assert SECRET not in f"{caught.value}{caught.value.hint}"
