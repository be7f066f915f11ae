"""Values: equal by class and fields, shown with both."""

from __future__ import annotations

import pytest

from holdfast.values import Frozen, Value, fields, replace
from tests.support.leaks import SECRET


class Login(Value):
    __match_args__ = ("name", "password")
    __slots__ = __match_args__

    def __init__(self, name: str, password: str | None = None) -> None:
        self.name = name
        self.password = password


class Guest(Login):
    __slots__ = ()


def test_equal_by_fields() -> None:
    """The same fields make the same value; any other field makes another."""
    assert Login("a", "b") == Login("a", "b")
    assert Login("a", "b") != Login("a", "c")


def test_another_class_is_another_value() -> None:
    """Classes with the same fields are not the same value."""
    assert Login("a") != Guest("a")


def test_shown_without_passwords() -> None:
    """A repr names class and fields, and never a field with a password."""
    assert repr(Login("a", SECRET)) == "Login(name='a')"


class Step(Value):
    __match_args__ = ("properties", "authentication_data")
    __slots__ = __match_args__

    def __init__(self, properties: dict[str, object], authentication_data: bytes = SECRET.encode()) -> None:
        self.properties = properties
        self.authentication_data = authentication_data


def test_shown_without_authentication_data() -> None:
    """Neither as a field nor among the properties of a packet."""
    step = Step({"authentication_method": "M", "authentication_data": SECRET.encode()})
    assert repr(step) == "Step(properties={'authentication_method': 'M'})"
    assert repr(Step({"a": 1})) == "Step(properties={'a': 1})"


def test_not_hashable() -> None:
    """Fields may be set, so a value is no key."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Login("a"))


def test_fields_by_name() -> None:
    """All of them, in the order of the class: for code that has to, passwords too."""
    assert list(fields(Guest("a", "b")).items()) == [("name", "a"), ("password", "b")]


class Limit(Frozen):
    __match_args__ = ("count",)
    __slots__ = __match_args__

    def __init__(self, *, count: int = 1) -> None:
        self.count = count
        if count < 1:
            raise ValueError(count)


def test_frozen_is_set_once() -> None:
    """What was built stays as it is; the error says what to do instead."""
    limit = Limit(count=2)
    with pytest.raises(AttributeError, match=r"Limit\.count cannot be changed: build another one"):
        limit.count = 3
    assert limit == Limit(count=2)


def test_replace_builds_another() -> None:
    """Of the same class, with these fields changed; the old one stays as it is."""
    guest = Guest("a", "b")
    assert replace(guest, name="c") == Guest("c", "b")
    assert guest == Guest("a", "b")


def test_replace_is_checked() -> None:
    """As any other value of that class is, frozen or not; a field that it does not have is no field."""
    assert replace(Limit(count=2), count=3) == Limit(count=3)
    with pytest.raises(ValueError, match="0"):
        replace(Limit(), count=0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        replace(Limit(), size=1)
