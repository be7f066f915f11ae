"""Values: equal by class and fields, shown with both."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from holdfast.values import Frozen, Value


@dataclass(eq=False, repr=False)
class Login(Value):
    name: str
    password: str | None = None


@dataclass(eq=False, repr=False)
class Guest(Value):
    name: str
    password: str | None = None


def test_equal_by_fields() -> None:
    """The same fields make the same value; any other field makes another."""
    assert Login("a", "b") == Login("a", "b")
    assert Login("a", "b") != Login("a", "c")


def test_another_class_is_another_value() -> None:
    """Classes with the same fields are not the same value."""
    assert Login("a") != Guest("a")


def test_shown_without_passwords() -> None:
    """A repr names class and fields, and never a field with a password."""
    assert repr(Login("a", "secret")) == "Login(name='a')"


@dataclass(eq=False, repr=False)
class Step(Value):
    properties: dict[str, object]
    authentication_data: bytes = b"secret"


def test_shown_without_authentication_data() -> None:
    """Neither as a field nor among the properties of a packet."""
    step = Step({"authentication_method": "M", "authentication_data": b"secret"})
    assert repr(step) == "Step(properties={'authentication_method': 'M'})"
    assert repr(Step({"a": 1})) == "Step(properties={'a': 1})"


def test_not_hashable() -> None:
    """Fields may be set, so a value is no key."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Login("a"))


@dataclass(slots=True, eq=False, repr=False)
class Limit(Frozen):
    count: int = 1


def test_frozen_is_set_once() -> None:
    """What was built stays as it is; the error says what to do instead."""
    limit = Limit(2)
    with pytest.raises(AttributeError, match=r"Limit\.count cannot be changed: build another one"):
        limit.count = 3
    assert limit == Limit(2)
