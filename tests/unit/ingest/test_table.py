"""A table is checked when it is described, before any database is asked."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.errors import ConfigurationError
from holdfast.ingest.table import AS_IT_CAME, Column, Table


def test_a_table_without_options_holds_messages_as_they_came() -> None:
    """Its quarantine stands beside it."""
    assert Table().name == "messages"
    assert Table().columns == AS_IT_CAME
    assert Table().quarantine == "messages_quarantine"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": ""}, "no name"),
        ({"columns": ()}, "no columns"),
        ({"name": "a\0b"}, "no name for"),
        ({"columns": (Column("a\nb", "text"),)}, "no name for"),
        ({"columns": (Column("a", "text"), Column("A", "int"))}, "column 'A' already"),
        ({"columns": (Column("ID", "int"),)}, "column 'ID' already"),
        ({"columns": (Column("", "int"),)}, "column '' already"),
        ({"columns": (Column("a", "number"),)}, "'number' is no type"),  # type: ignore[arg-type]
        ({"key": ("line",)}, "no column 'line'"),
        ({"keep": "newest"}, "'first' or 'last'"),
        ({"keep": "last"}, "of which"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], words: str) -> None:
    """The sentence has the value that is wrong."""
    with pytest.raises(ConfigurationError, match=words):
        Table(**options)
