"""faults.py: what scripts hold, drop and refuse."""

from __future__ import annotations

import pytest

from holdfast.errors import ConfigurationError
from holdfast.testing.model.faults import Faults


def test_nothing_scripted_changes_nothing() -> None:
    """Everything passes and nothing is refused."""
    faults = Faults()
    assert not faults.active
    assert faults.lets_pass("PUBACK", "client", "x")
    assert faults.refusal("CONNECT") is None


def test_what_is_held_is_given_back_in_order() -> None:
    """Only this type of this sender waits; release ends the script."""
    faults = Faults()
    faults.hold("PUBACK", "client")
    assert not faults.lets_pass("PUBACK", "client", "first")
    assert faults.lets_pass("PUBACK", "broker", "other sender")
    assert faults.lets_pass("PUBREC", "client", "other type")
    assert not faults.lets_pass("PUBACK", "client", "second")
    assert faults.release() == [("client", "first"), ("client", "second")]
    assert faults.lets_pass("PUBACK", "client", "third")
    assert not faults.active


def test_so_many_are_dropped_and_no_more() -> None:
    """Drops count down, and add up."""
    faults = Faults()
    faults.drop("PUBLISH", 1, "broker")
    faults.drop("PUBLISH", 1, "broker")
    assert [faults.lets_pass("PUBLISH", "broker", n) for n in range(3)] == [False, False, True]
    assert faults.release() == []


def test_refusals_last_for_their_number_or_until_release() -> None:
    """``times`` of None has no end."""
    faults = Faults()
    faults.refuse("CONNECT", 0x87, 2)
    faults.refuse("PUBLISH", 0x97, None)
    assert [faults.refusal("CONNECT") for _ in range(3)] == [0x87, 0x87, None]
    assert [faults.refusal("PUBLISH") for _ in range(3)] == [0x97] * 3
    assert faults.refusal("SUBSCRIBE") is None
    faults.release()
    assert faults.refusal("PUBLISH") is None


def test_scripts_can_be_played_again() -> None:
    """What is left of them, as calls."""
    faults = Faults()
    faults.hold("CONNACK", "broker")
    faults.drop("PUBACK", 2, "client")
    faults.drop("PUBREC", 1, "client")
    faults.refuse("PUBLISH", 0x97, 3)
    faults.lets_pass("PUBREC", "client", None)
    faults.refusal("PUBLISH")
    again = Faults()
    for name, args, kwargs in faults.scripts():
        getattr(again, name)(*args, **kwargs)
    assert again.scripts() == faults.scripts() == [
        ("hold", ("CONNACK", "broker"), {}),
        ("drop", ("PUBACK", 2, "client"), {}),
        ("refuse", ("PUBLISH", 0x97, 2), {}),
    ]  # fmt: skip


def test_scripts_of_what_does_not_exist_are_refused() -> None:
    """A misspelt script would be a test that tests nothing."""
    faults = Faults()
    with pytest.raises(ConfigurationError, match="no packet type"):
        faults.hold("PUBCAK", "client")
    with pytest.raises(ConfigurationError, match="no packet type"):
        faults.drop("Will", 1, "client")
    with pytest.raises(ConfigurationError, match="sender is 'server'"):
        faults.hold("PUBACK", "server")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="cannot be refused"):
        faults.refuse("PINGREQ", 0x80, None)


def test_a_reference_is_a_refusal_with_somewhere_to_go() -> None:
    """Every CONNECT has it until it is released; a new object can be told the same."""
    faults = Faults()
    faults.refer("other.example", 0x9C)
    assert (faults.refusal("CONNECT"), faults.reference) == (0x9C, "other.example")
    again = Faults()
    for name, arguments, _ in faults.scripts():
        getattr(again, name)(*arguments)
    assert (again.refusal("CONNECT"), again.reference) == (0x9C, "other.example")
    faults.release()
    assert (faults.refusal("CONNECT"), faults.reference) == (None, None)
