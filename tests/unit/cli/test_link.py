"""What a command that dials was told, as a client."""

from __future__ import annotations

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.link import LinkOptions
from holdfast.cli.settings.setting import Setting
from holdfast.errors import ConfigurationError

VARIABLE = "HOLDFAST_URL"


def test_a_wrong_url_is_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed: a usage error. From the environment: a setting, named with its variable."""
    with pytest.raises(ConfigurationError) as typed:
        LinkOptions(url="broker.example").client()
    assert not isinstance(typed.value, SettingsError)
    monkeypatch.setenv(VARIABLE, "broker.example")
    with pytest.raises(SettingsError, match=VARIABLE):
        LinkOptions().client()


def test_the_environment_gives_the_url_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is typed. The client id that is exported for a service stays with that service."""
    monkeypatch.setenv(VARIABLE, "mqtt://from.example")
    monkeypatch.setenv("HOLDFAST_CLIENT_ID", "gateway-7")
    assert LinkOptions().settings() == {"url": Setting("mqtt://from.example", VARIABLE)}
    assert LinkOptions(url="mqtt://typed.example").settings() == {"url": Setting("mqtt://typed.example")}


def test_without_either_it_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is that of Client."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert LinkOptions().client().snapshot().broker == "mqtt://localhost"


def test_what_was_said_beside_is_overruled_by_flags() -> None:
    """One by one, as ``reconnect.max_delay_s`` and ``reconnect.max_attempts`` go together."""
    said = {"client_id": Setting("filed", "x.toml"), "tls.ca_file": Setting("ca.pem", "x.toml")}
    settings = LinkOptions(client_id="typed", tls_key_file="key.pem", outbox="o.db", said=said).settings()
    assert {key: (one.value, one.origin) for key, one in settings.items()} == {
        "client_id": ("typed", ""), "tls.ca_file": ("ca.pem", "x.toml"), "tls.key_file": ("key.pem", ""),
        "outbox.path": ("o.db", ""),
    }  # fmt: skip


def test_what_does_not_go_together_is_told_with_its_file() -> None:
    """Only the client sees it; exit code 78 all the same."""
    said = {"tls.ca_file": Setting("ca.pem", "x.toml"), "url": Setting("mqtt://b.example", "x.toml")}
    with pytest.raises(SettingsError, match=r"^x.toml: tls= with mqtt://b.example"):
        LinkOptions(said=said).client()


def test_nothing_said_is_shown() -> None:
    """A URL may hold a password."""
    assert "said" not in repr(LinkOptions(said={}))


def test_the_options_reach_the_client() -> None:
    """Each is checked by Client, which says what is wrong with it."""
    assert LinkOptions(client_id="me").client().client_id == "me"
    for wrong in (
        LinkOptions(version="4"),
        LinkOptions(keepalive_s=-1),
        LinkOptions(reconnect_max_attempts=0),
        LinkOptions(tls_ca_file="ca.pem"),
        LinkOptions(url="mqtts://b.example", tls_key_file="key.pem"),
        LinkOptions(password_file="secret"),
        LinkOptions(proxy="proxy.example:3128"),
    ):
        with pytest.raises(ConfigurationError):
            wrong.client()


def test_a_command_may_say_more() -> None:
    """What a command decides itself wins over the flags."""
    assert LinkOptions(client_id="me").client(client_id="other").client_id == "other"
