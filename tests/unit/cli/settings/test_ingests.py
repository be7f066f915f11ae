"""What an ingest is told, by a file and by flags."""

from __future__ import annotations

import inspect
from dataclasses import fields
from math import nan
from typing import Any

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.ingests import INGEST, IngestOptions, columns_of, ingests
from holdfast.errors import ConfigurationError
from holdfast.ingest import Ingest
from tests.support.leaks import SECRET

COLUMNS = {"line": "{line} text", "at": "$.time unixtime required"}
TABLE = {"topic": "plant/{line}/temp", "into": "never-made.db", "columns": COLUMNS, "key": ["line", "at"]}


def test_the_names_are_those_of_ingest() -> None:
    """In the file, in the options and in the library, with the same defaults."""
    parameters = inspect.signature(Ingest).parameters
    assert set(INGEST) == {field.name for field in fields(IngestOptions)} == set(parameters) - {"client"}
    made = IngestOptions(topic="a", into="x.db")
    assert all(
        getattr(made, name) == one.default
        for name, one in parameters.items()
        if one.default is not one.empty and name != "spool"
    )


def test_each_table_is_an_ingest() -> None:
    """In their order."""
    found = ingests([TABLE, {"topic": ["a", "b"], "into": "y.db", "qos": 2}], {}, "x.toml")
    assert found[0] == IngestOptions(
        topic="plant/{line}/temp", into="never-made.db", columns=COLUMNS, key=["line", "at"]
    )
    assert found[1] == IngestOptions(topic=["a", "b"], into="y.db", qos=2)
    assert found[0].sink().target == "never-made.db"


def test_flags_win_over_the_one_table() -> None:
    """Of several nobody could say which is meant."""
    assert ingests([TABLE], {"qos": 2, "table": "t"}, "x.toml")[0] == IngestOptions(
        topic="plant/{line}/temp", into="never-made.db", columns=COLUMNS, key=["line", "at"], qos=2, table="t"
    )
    with pytest.raises(
        ConfigurationError, match=r"--batch-wait-s: of which of the 2 ingests in x.toml\?"
    ) as caught:
        ingests([TABLE, TABLE], {"batch_wait_s": 1.0}, "x.toml")
    assert not isinstance(caught.value, SettingsError)


def test_flags_are_enough() -> None:
    """Without a file, or with one that has no ingest."""
    assert ingests([], {"topic": ["a"], "into": "x.db"}, None) == [IngestOptions(topic=["a"], into="x.db")]


@pytest.mark.parametrize(("typed", "missing"), [({}, "topic"), ({"topic": ["a"]}, "into")])
def test_something_must_come_from_somewhere_to_somewhere(typed: dict[str, Any], missing: str) -> None:
    """Usage where it was to be typed, a setting where it was to stand in the file."""
    with pytest.raises(ConfigurationError, match=f"^{missing} is missing") as caught:
        ingests([], typed, None)
    assert caught.value.hint == f"say --{missing}"
    with pytest.raises(SettingsError, match=f"^x.toml: ingest 1: {missing} is missing"):
        ingests([typed], {}, "x.toml")


@pytest.mark.parametrize(
    ("wrong", "sentence", "hint"),
    [
        ({"colums": {}}, "colums is no key", "did you mean columns?"),
        ({"url": "mqtt://b.example"}, "url is of the client", "above the first [[ingest]]"),
        ({"topic": 1}, "topic is 1, not text or a list of texts", 'as "a" or ["a", "b"]'),
        ({"topic": "a/#/b"}, "'#'", ""),
        ({"key": "at"}, "key is 'at', not a list of texts", '["a", "b"]'),
        ({"key": ["room"]}, "there is no column 'room'", "columns are received, topic"),
        ({"columns": {"temp_c": 1}}, "columns is a table, not a table of texts", 'as name = "SOURCE type"'),
        (
            {"columns": {"t": "$.t rael"}},
            "column 't' is '$.t rael': 'rael' is no type",
            "types are text, int",
        ),
        ({"qos": 3}, "qos must be 0, 1 or 2, not 3", ""),
        ({"qos": "1"}, "qos is '1', not a whole number", "without quotes"),
        ({"keep": "all"}, "keep must be 'first' or 'last', not 'all'", ""),
        ({"batch": 0}, "batch must be a whole number from 1", ""),
        ({"batch": 10**23}, "from 1 to 1000000, not 1000", ""),
        ({"batch_wait_s": nan}, "batch_wait_s must be 0 to 86400, not nan", ""),
        ({"batch_wait_s": "1"}, "batch_wait_s is '1', not a number", ""),
        ({"share": "a/b"}, "share name 'a/b'", ""),
        ({"into": "mysql://x"}, "'mysql' is no database", "sqlite:///relative"),
        ({"into": ""}, "'' names no file", ""),
    ],
)
def test_a_wrong_table_is_a_sentence(wrong: dict[str, Any], sentence: str, hint: str) -> None:
    """File, which of its ingests, key, value and the next step."""
    with pytest.raises(SettingsError) as caught:
        ingests([TABLE, {"topic": "a/{line}", "into": "y.db", **wrong}], {}, "x.toml")
    assert str(caught.value).startswith("x.toml: ingest 2: ")
    assert sentence in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_two_in_one_table_are_refused() -> None:
    """Before a file is made."""
    with pytest.raises(SettingsError, match=r"^x\.toml: two ingests write into table 'messages' of y\.db"):
        ingests([{"topic": "a", "into": "y.db"}, {"topic": "b", "into": "./y.db"}], {}, "x.toml")


@pytest.mark.parametrize("into", [f"mysql://me:{SECRET}@db.example/x", {"password": SECRET}])
def test_no_password_is_told(into: Any) -> None:
    """A database's address may have one."""
    with pytest.raises(SettingsError) as caught:
        ingests([{"topic": "a", "into": into}], {}, "x.toml")
    assert SECRET not in f"{caught.value}{caught.value.hint}"


def test_columns_are_typed_one_by_one() -> None:
    """The name up to the first =; twice or without one is refused."""
    assert columns_of(["a=$.a text default==", "b=$.b int"]) == {"a": "$.a text default==", "b": "$.b int"}
    for wrong, fact in ((["a"], "names no column"), (["a=$ json", "a=$ json"], "is there twice")):
        with pytest.raises(ConfigurationError, match=fact):
            columns_of(wrong)
