"""Where rows go, as it may be written."""

from __future__ import annotations

import pytest

from holdfast.errors import ConfigurationError
from holdfast.ingest.postgres import PostgresSink
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.table import Table
from holdfast.ingest.target import sink_for, sqlite_path
from tests.support.leaks import SECRET


@pytest.mark.parametrize(
    ("into", "path"),
    [
        ("readings.db", "readings.db"),
        ("/var/readings.db", "/var/readings.db"),
        ("sqlite:///readings.db", "readings.db"),
        ("sqlite:////var/readings.db", "/var/readings.db"),
    ],
)
def test_a_file_has_three_spellings(into: str, path: str) -> None:
    """A plain path, and the URL forms for relative and absolute."""
    assert sqlite_path(into) == path


def test_a_file_is_a_sqlite_sink() -> None:
    """Named in sentences by its path; nothing is opened yet."""
    sink = sink_for("sqlite:///never-made.db", Table())
    assert isinstance(sink, SqliteSink)
    assert sink.target == "never-made.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_database_of_a_server_is_a_postgres_sink(scheme: str) -> None:
    """Named in sentences without its password; nobody is dialled yet."""
    sink = sink_for(f"{scheme}://me:{SECRET}@db.example/x", Table())
    assert isinstance(sink, PostgresSink)
    assert sink.target == "postgresql://me@db.example/x"


@pytest.mark.parametrize("into", [f"postgresql:/me:{SECRET}@db.example/x", f"postgres:me:{SECRET}@db/x"])
def test_a_mistyped_server_is_no_file(into: str) -> None:
    """It would be named as one, with the password in its path."""
    with pytest.raises(ConfigurationError, match="begins with postgresql://") as caught:
        sink_for(into, Table())
    assert SECRET not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("into", ["", "sqlite:///", "folder/", ":memory:", "a\0.db"])
def test_what_names_no_file_is_refused(into: str) -> None:
    """A target that keeps nothing is no target."""
    with pytest.raises(ConfigurationError, match="names no file"):
        sqlite_path(into)


@pytest.mark.parametrize("into", [f"mysql://u:{SECRET}@db/x", "sqlite:readings.db", "sqlite://readings.db"])
def test_another_scheme_is_refused_without_its_secrets(into: str) -> None:
    """The sentence names the scheme, the hint the forms that work, neither a password."""
    with pytest.raises(ConfigurationError) as caught:
        sqlite_path(into)
    assert SECRET not in f"{caught.value}{caught.value.hint}"
    assert "sqlite:///relative" in str(caught.value.hint)
