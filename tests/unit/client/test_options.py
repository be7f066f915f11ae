"""Option groups are checked when they are built."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import Compression, Limits, Will
from holdfast.client.asked import FunctionFailed
from holdfast.client.options import to_bytes
from holdfast.errors import ConfigurationError, PayloadError


@pytest.mark.parametrize("payload", [b"abc", bytearray(b"abc"), memoryview(b"abc"), "abc"])
def test_payloads(payload: Any) -> None:
    """bytes, bytearray and memoryview as they are, str as UTF-8."""
    assert to_bytes(payload) == b"abc"


def test_what_is_no_payload() -> None:
    """Anything else is a TypeError that names json=; a surrogate is a PayloadError."""
    with pytest.raises(TypeError, match="json="):
        to_bytes(5)  # type: ignore[arg-type]
    with pytest.raises(PayloadError):
        to_bytes("\ud800")


@pytest.mark.parametrize(
    "wrong",
    [{"topic": "a/#"}, {"qos": 3}, {"delay_s": -1}, {"delay_s": 2**32}, {"payload": b"x" * 65_536}],
)
def test_wills_that_no_connect_could_carry(wrong: dict[str, Any]) -> None:
    """A will that could not be sent is refused where it is written."""
    with pytest.raises(ConfigurationError):
        Will(**{"topic": "a", "payload": "x", **wrong})


def test_will_packet() -> None:
    """The payload may be a function, called for every CONNECT; the delay is a property."""
    payloads = iter(["one", "two"])
    will = Will("state", lambda: next(payloads), delay_s=5)
    assert [will.packet().payload, will.packet().payload] == [b"one", b"two"]
    assert Will("state", "x", delay_s=5).packet().properties == {"will_delay_interval": 5}
    assert not Will("state", "x").packet().properties


@pytest.mark.parametrize(
    "wrong",
    [
        {"receive_maximum": 0},
        {"receive_maximum": 65_536},
        {"inflight": 60_001},
        {"max_packet_bytes": 1023},
        {"inbox_bytes": 0},
        {"qos0_inbox": 0},
        {"qos0_outbox": 0},
        {"unclaimed_s": -1},
        {"hold_limit_s": 0},
        {"overdue": "drop"},
        {"unclaimed_s": float("nan")},
    ],
)
def test_limits_have_bounds(wrong: dict[str, Any]) -> None:
    """Both sides of every bound are checked, and the sentence names the option."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Limits(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_bytes": 0},
        {"max_bytes": 0},
        {"max_bytes": 1023},
        {"min_bytes": 2, "max_bytes": 1},
        {"max_bytes": 2**31},
    ],
)
def test_compression_has_bounds(wrong: dict[str, int]) -> None:
    """Nothing could be compressed, or what was could not be opened: the sentence names the option."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Compression(**wrong)
    assert Compression(min_bytes=1024, max_bytes=1024) == Compression(max_bytes=1024)


def test_options_are_compared_and_shown_by_all_their_fields() -> None:
    """Those that can only be given by keyword, too."""
    assert Limits(inflight=2) == Limits(inflight=2)
    assert Limits(inflight=2) != Limits()
    assert Will("a", "x", qos=0) != Will("a", "x")
    assert repr(Will("a", "x")) == ("Will(topic='a', payload='x', birth=None, qos=1, retain=True, delay_s=0)")


def test_birth_and_end_of_a_connection() -> None:
    """Values, or functions that are asked each time; without a birth there is none."""
    given = iter(["one", "two"])
    will = Will("a", lambda: next(given), birth=lambda: next(given))
    assert (will.born(), will.gone()) == (b"one", b"two")
    assert Will("a", "gone", birth=b"here").born() == b"here"
    assert Will("a", "gone").born() is None


@pytest.mark.parametrize(
    ("given", "what"),
    [(5, "gave no payload"), ("\ud800", "gave no payload"), (b"x" * 65_536, "gave 65536 bytes")],
)
def test_functions_that_give_no_payload(given: Any, what: str) -> None:
    """Named as what they are, at every attempt; a birth may be longer than a will."""
    will = Will("a", lambda: given, birth=lambda: given)
    with pytest.raises(FunctionFailed, match=f"the function for the will {what}"):
        will.packet()
    if not isinstance(given, bytes):
        with pytest.raises(FunctionFailed, match=f"the function for the birth {what}"):
            will.born()


def test_a_birth_that_cannot_be_said() -> None:
    """Refused where it is written: no payload, or a topic that as a filter is another one."""
    with pytest.raises(TypeError):
        Will("a", "x", birth=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="watched"):
        Will("$share/g/a", "x", birth="y")


@pytest.mark.parametrize("group", [Compression, Limits, Will])
def test_an_unknown_option_is_named(group: Any) -> None:
    """By Python itself, as for any function."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        group(size=1)
