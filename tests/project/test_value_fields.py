"""Every value names its fields three times: in ``__match_args__``, as parameters, as attributes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace

import pytest

from holdfast.client.events import Event
from holdfast.values import Value
from tests.project import source


def _below(kind: type[Value]) -> Iterator[type[Value]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _values() -> list[type[Value]]:
    """The package's own with fields, except events, which write theirs once."""
    for module in source.modules():
        if "from holdfast.values import" in (source.PACKAGE / module).read_text("utf-8"):
            import_module(".".join(("holdfast", *module.with_suffix("").parts)))
    found = {one for one in _below(Value) if one.__module__.startswith("holdfast.") and one.__match_args__}
    return sorted((one for one in found if not issubclass(one, Event)), key=repr)


@pytest.mark.parametrize("kind", _values(), ids=repr)
def test_fields_parameters_and_attributes_are_the_same(kind: type[Value]) -> None:
    """In one order, and each parameter is stored under its own name, as it is or as a list."""
    names = kind.__match_args__
    assert tuple(inspect.signature(kind).parameters) == names
    stored = SimpleNamespace()
    with suppress(Exception):  # options are stored first and checked then, and these are wrong
        kind.__init__(stored, **{name: name for name in names})
    assert [name for name in names if vars(stored)[name] not in (name, list(name))] == []


def test_no_value_has_another_attribute_by_mistake() -> None:
    """Slots all the way down: a misspelt field cannot be set."""
    assert [kind for kind in _values() if "__dict__" in dir(kind)] == []
