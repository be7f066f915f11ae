"""The commands of ``holdfast outbox`` and their flags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdfast.cli.app import app

RUN = CliRunner()
COMMANDS = ("backup", "export", "list", "purge", "rebind", "restore", "retry", "show")


def test_the_commands_are_these() -> None:
    """Each in the help of the group."""
    output = RUN.invoke(app, ["outbox", "--help"]).output
    assert tuple(sorted(re.findall(r"^  (\w+) ", output.partition("Commands:")[2], re.M))) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example_and_json(command: str) -> None:
    """As all commands have."""
    output = RUN.invoke(app, ["outbox", command, "--help"]).output
    assert f"holdfast outbox {command}" in output.partition("Examples:")[2]
    assert "--json" in output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["list"],
        ["list", "a.db", "--limit", "0"],
        ["show", "a.db"],
        ["show", "a.db", "first"],
        ["retry", "a.db"],
        ["purge", "a.db"],
        ["purge", "a.db", "1", "--all"],
        ["retry", "a.db", "1", "--timeout-s", "-1"],
        ["backup", "a.db"],
        ["restore", "a.db"],
        ["restore", "a.db", "a.db"],
        ["rebind", "a.db"],
        ["rebind", "a.db", "--client-id", ""],
        ["rebind", "a.db", "--url", "broker.example"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """Before any file is looked at."""
    assert RUN.invoke(app, ["outbox", *arguments]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "{}"],
        ["show", "{}", "1"],
        ["export", "{}"],
        ["retry", "{}", "1"],
        ["purge", "{}", "--all"],
        ["backup", "{}", "other.db"],
        ["restore", "{}", "other.db"],
        ["rebind", "{}", "--client-id", "x"],
    ],
)
@pytest.mark.parametrize("content", [None, b"notes"])
def test_a_file_that_is_no_outbox_is_73(tmp_path: Path, arguments: list[str], content: bytes | None) -> None:
    """One sentence with a hint; nothing is made, nothing touched."""
    path = tmp_path / "a.db"
    if content is not None:
        path.write_bytes(content)
    done = RUN.invoke(app, ["outbox", *(one.format(path) for one in arguments)])
    assert done.exit_code == 73
    assert re.fullmatch(r"(there is no outbox at .*|.* is no outbox: .*)\. Name .*\.\n", done.output)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if content is None else [content])
