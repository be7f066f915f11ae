"""What a command that dials was told, as a client."""

from __future__ import annotations

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.link import VARIABLE, LinkOptions
from holdfast.errors import ConfigurationError


def test_a_wrong_url_is_whose_it_is() -> None:
    """Typed: a usage error. From the environment: a setting, named with its variable."""
    with pytest.raises(ConfigurationError) as typed:
        LinkOptions(url="broker.example").check()
    assert not isinstance(typed.value, SettingsError)
    with pytest.raises(SettingsError, match=VARIABLE):
        LinkOptions(url="broker.example", from_environment=True).check()


def test_the_options_reach_the_client() -> None:
    """Each is checked by Client, which says what is wrong with it."""
    assert LinkOptions(client_id="me").client().client_id == "me"
    for wrong in (
        LinkOptions(version="4"),  # type: ignore[arg-type]
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
