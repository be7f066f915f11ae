"""Server references (MQTT 5 §4.11): what is an address in them, and what is not."""

from __future__ import annotations

import pytest

from holdfast.transport import parse_url
from holdfast.transport.references import parse_references


def referred(text: str, url: str = "mqtt://me:pass@broker.example") -> list[str]:
    """The URLs, where nothing is wrong."""
    found, wrong = parse_references(text, parse_url(url))
    assert wrong == []
    return [str(address) for address in found]


def test_hosts_with_and_without_ports() -> None:
    """As in the standard's own examples; the usual port of the scheme where none is said."""
    assert referred("server.example") == ["mqtt://server.example"]
    text = "server.example:8883 127.0.0.9:1884 [2001:db8::1]:1883 [2001:DB8::2]"
    assert referred(text) == [
        "mqtt://server.example:8883",
        "mqtt://127.0.0.9:1884",
        "mqtt://[2001:db8::1]",
        "mqtt://[2001:db8::2]",
    ]


def test_the_transport_stays() -> None:
    """TLS stays TLS, a WebSocket keeps its resource: a reference can weaken neither."""
    assert referred("other.example", "mqtts://broker.example:9") == ["mqtts://other.example"]
    assert referred("other.example:8443", "wss://broker.example/mq") == ["wss://other.example:8443/mq"]


def test_user_and_password_stay() -> None:
    """They are those of the address that was dialled."""
    (address,), _ = parse_references("other.example", parse_url("mqtts://me:secret@broker.example"))
    assert (address.username, address.password) == ("me", "secret")


@pytest.mark.parametrize(
    "entry",
    [
        "mqtt://other.example",
        "other.example/path",
        "me:secret@other.example",
        "other.example:0",
        "other.example:port",
        "2001:db8::1",
        "[other.example]",
        ":1883",
        "other\x07.example",
        "x" * 300,
        "other.example?x",
    ],
)
def test_what_is_no_server_is_said_and_left_out(entry: str) -> None:
    """One sentence for each, and the others are taken; no more of it is shown than a line holds."""
    found, wrong = parse_references(f"{entry} good.example", parse_url("mqtt://broker.example"))
    assert [address.host for address in found] == ["good.example"]
    assert len(wrong) == 1
    assert "secret" not in wrong[0].replace(repr(entry), "")
    assert len(wrong[0]) < 400


def test_a_unix_socket_has_nowhere_to_refer_to() -> None:
    """Its broker is on this machine."""
    found, wrong = parse_references("other.example", parse_url("unix:///run/mqtt"))
    assert (found, len(wrong)) == ([], 1)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("   ", 0), (" ".join("abcdefghij"), 8)])
def test_none_and_too_many(text: str, count: int) -> None:
    """Eight are looked at, and it is said that there were more, or none."""
    found, wrong = parse_references(text, parse_url("mqtt://broker.example"))
    assert (len(found), len(wrong)) == (count, 1)
