"""How values are written, in TOML and as text."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from holdfast.cli.settings import kinds
from holdfast.cli.settings.kinds import Kind, named


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        (kinds.TEXT, ["", "a"], [1, True, ["a"], {}]),
        (kinds.WHOLE, [0, -1], [True, 1.0, "1"]),
        (kinds.NUMBER, [0, 1.5], [True, "1"]),
        (kinds.BOOL, [True, False], [1, "true"]),
        (kinds.TEXTS, [[], ["a"]], ["a", [1], [["a"]]]),
        (kinds.SOME, ["a", ["a"]], [1, [1]]),
        (kinds.URLS, ["a", ["a", ["b", "c"]]], [1, [1], [[["a"]]]]),
        (kinds.TABLE, [{}, {"a": "b"}], ["a", {"a": 1}, []]),
    ],
)
def test_what_fits(kind: Kind, fitting: list[Any], others: list[Any]) -> None:
    """TOML has types, and true is no number."""
    assert all(kind.fits(value) for value in fitting)
    assert not any(kind.fits(value) for value in others)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.TEXT, "1", "1"),
        (kinds.WHOLE, "100", 100),
        (kinds.NUMBER, "60", 60),
        (kinds.NUMBER, "0.5", 0.5),
        (kinds.BOOL, "true", True),
        (kinds.BOOL, "false", False),
        (kinds.URLS, "mqtt://a", "mqtt://a"),
    ],
)
def test_text_is_read(kind: Kind, text: str, value: Any) -> None:
    """As the environment has it."""
    assert kind.read(text) == value
    assert type(kind.read(text)) is type(value)
    assert kind.fits(kind.read(text))


@pytest.mark.parametrize(
    ("kind", "text"), [(kinds.WHOLE, "1.5"), (kinds.NUMBER, "soon"), (kinds.BOOL, "yes"), (kinds.BOOL, "1")]
)
def test_text_that_is_none_is_an_error(kind: Kind, text: str) -> None:
    """For who reads, to be told in a sentence."""
    with pytest.raises(ValueError, match=r"."):
        kind.read(text)


@pytest.mark.parametrize(
    ("value", "word"),
    [(True, "true or false"), ("a", "text"), (1, "a number"), (1.5, "a number"), ([], "a list"),
     ({}, "a table"), (date(2026, 11, 21), "a date or time")],
)  # fmt: skip
def test_a_value_has_a_name(value: Any, word: str) -> None:
    """Every value that TOML has, where it must not be shown."""
    assert named(value) == word
