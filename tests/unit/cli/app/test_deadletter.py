"""The commands of ``holdfast deadletter`` and their flags."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from holdfast.cli.app import app

RUN = CliRunner()
COMMANDS = ("export", "list", "purge", "retry", "show")


def test_the_commands_are_these() -> None:
    """The first five of those of outbox."""
    output = RUN.invoke(app, ["deadletter", "--help"]).output
    assert tuple(sorted(re.findall(r"^  (\w+) ", output.partition("Commands:")[2], re.M))) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example_and_json(command: str) -> None:
    """As all commands have."""
    output = RUN.invoke(app, ["deadletter", command, "--help"]).output
    assert f"holdfast deadletter {command}" in output.partition("Examples:")[2]
    assert "--json" in output


@pytest.mark.parametrize("arguments", [[], ["list"], ["show", "a.db"], ["retry", "a.db"], ["purge", "a.db"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """Before any file is looked at."""
    assert RUN.invoke(app, ["deadletter", *arguments]).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "1"], ["export"], ["retry", "1"], ["purge", "--all"]]
)
def test_a_file_that_is_not_there_is_73(arguments: list[str]) -> None:
    """One sentence with a hint."""
    done = RUN.invoke(app, ["deadletter", arguments[0], "/no/such.db", *arguments[1:]])
    assert done.exit_code == 73
    assert "there is no outbox at /no/such.db. Name" in done.output
