"""What makes a class a value.

A class of values writes its fields down itself, in ``__match_args__`` and ``__init__``; equality and
repr are written once here. Nothing is generated: a dataclass is compiled anew at every start of a
program, a fifth of a millisecond for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

SECRET = "authentication_data"
HIDDEN = {SECRET, "authentication"}  # what makes an authenticator may be a partial with a password in it


class Value:
    """Equal by class and fields; shown with both, but never with a password or authentication data."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    __hash__ = None  # type: ignore[assignment]  # fields may be set, and properties are mappings

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    def __repr__(self) -> str:
        shown = [name for name in self.__match_args__ if "password" not in name and name not in HIDDEN]
        told = ", ".join(f"{name}={_shown(getattr(self, name))!r}" for name in shown)
        return f"{type(self).__name__}({told})"


def _shown(value: object) -> object:
    """The properties of CONNECT, CONNACK and AUTH are fields as they are: their secret is left out."""
    if isinstance(value, Mapping) and SECRET in value:
        return {name: one for name, one in value.items() if name != SECRET}
    return value


class Frozen(Value):
    """A value whose fields are set once."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: build another one")
        object.__setattr__(self, name, value)


V = TypeVar("V", bound=Value)


def fields(value: Value) -> dict[str, Any]:
    """The fields by name, in the order in which they stand in the class."""
    return {name: getattr(value, name) for name in value.__match_args__}


def replace(value: V, **changes: Any) -> V:
    """Another value of this class, checked as any: the same fields but for these changes."""
    build: Callable[..., V] = type(value)
    return build(**{**fields(value), **changes})
