"""Terms: our CONNECT, and what holds after the broker's CONNACK."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Connack, Will
from holdfast.errors import ConfigurationError
from holdfast.protocol.terms import NEVER, ConnectRequest, Terms


@pytest.mark.parametrize("version", [V311, V5])
def test_a_kept_session_is_never_asked_for_with_clean_start(version: int) -> None:
    """Clean Start 1 would delete what the broker holds for us (contract 1)."""
    kept = ConnectRequest("c", V5 if version == 5 else V311, session_expiry_s=10).packet()
    clean = ConnectRequest("c", V5 if version == 5 else V311).packet()
    assert not kept.clean_start
    assert clean.clean_start


def test_what_connect_carries() -> None:
    """Names, will and keep alive as given; the limits as properties of MQTT 5."""
    will = Will("t", b"gone")
    request = ConnectRequest("c", V5, NEVER + 5, 30, "u", b"p", will, None, 10, 2000, 4)
    packet = request.packet()
    assert (packet.client_id, packet.keepalive, packet.username, packet.password) == ("c", 30, "u", b"p")
    assert packet.will is will
    assert packet.properties == {
        "receive_maximum": 10,
        "maximum_packet_size": 2000,
        "topic_alias_maximum": 4,
        "session_expiry_interval": NEVER,
    }


def test_a_clean_session_names_no_expiry() -> None:
    """Session Expiry Interval left out is 0 (MQTT 5 §3.1.2.11.2)."""
    assert "session_expiry_interval" not in ConnectRequest("c").packet().properties


def test_311_carries_no_properties() -> None:
    """MQTT 3.1.1 has no properties."""
    assert ConnectRequest("c", V311, 10).packet().properties == {}


def test_a_silent_broker_grants_what_was_asked() -> None:
    """What CONNACK leaves out is our request, or the standard's default."""
    terms = Terms.agreed(ConnectRequest("c", V5, 100, 30), Connack(True))
    assert terms == Terms(V5, "c", True, 100, 30)
    assert terms.receive_maximum == 65_535
    assert terms.max_packet_bytes is None


def test_the_brokers_word_counts() -> None:
    """Assigned id, granted expiry, server keep alive [MQTT-3.2.2-21] and every limit."""
    said = {
        "assigned_client_identifier": "x",
        "session_expiry_interval": 7,
        "server_keep_alive": 9,
        "receive_maximum": 5,
        "maximum_qos": 1,
        "retain_available": 0,
        "maximum_packet_size": 100,
        "wildcard_subscription_available": 0,
        "subscription_identifier_available": 0,
        "shared_subscription_available": 0,
    }
    assert Terms.agreed(ConnectRequest(""), Connack(False, 0, said)) == Terms(
        V5, "x", False, 7, 9, 5, 1, False, 100, False, False, False
    )


def test_311_has_no_subscription_identifiers() -> None:
    """They are a property of MQTT 5, so a silent broker of 3.1.1 does not offer them."""
    assert not Terms.agreed(ConnectRequest("c", V311), Connack()).identifiers_available


def test_enhanced_authentication_is_never_left_out() -> None:
    """Method and data stand in CONNECT; 3.1.1 cannot carry them, and says so."""
    request = ConnectRequest("c", V5, authentication_method="M", authentication_data=b"x")
    properties = request.packet().properties
    assert (properties["authentication_method"], properties["authentication_data"]) == ("M", b"x")
    assert "authentication_data" not in ConnectRequest("c", authentication_method="M").packet().properties
    with pytest.raises(ConfigurationError, match="authentication"):
        ConnectRequest("c", V311, authentication_method="M").packet()


@pytest.mark.parametrize(("ours", "theirs", "agreed"), [(16, 10, 10), (4, 10, 4), (16, None, 0), (0, 10, 0)])
def test_as_many_aliases_as_both_want(ours: int, theirs: int | None, agreed: int) -> None:
    """The broker's Topic Alias Maximum is 0 where it names none (MQTT 5 §3.2.2.3.8)."""
    said = {} if theirs is None else {"topic_alias_maximum": theirs}
    request = ConnectRequest("c", topic_aliases=ours)
    assert Terms.agreed(request, Connack(False, 0, said)).topic_aliases == agreed
