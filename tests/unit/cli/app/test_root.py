"""The commands and their flags."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from holdfast.cli.app import app

RUN = CliRunner()
COMMANDS = ("deadletter", "demo", "ingest", "outbox", "pub", "sub")


def test_the_commands_are_these() -> None:
    """A command is in the help when it works, not before."""
    listed = re.findall(r"^  (\w+) ", RUN.invoke(app, ["--help"]).output.partition("Commands:")[2], re.M)
    assert tuple(sorted(listed)) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example_that_is_a_command(command: str) -> None:
    """The example begins with, or pipes into, the command it explains, on a line of its own."""
    done = RUN.invoke(app, [command, "--help"])
    assert done.exit_code == 0
    examples = done.output.partition("Examples:")[2].splitlines()
    assert any(f"holdfast {command}" in example for example in examples)


@pytest.mark.parametrize("command", ["ingest", "pub", "sub"])
def test_every_command_that_dials_has_the_same_flags(command: str) -> None:
    """One name per thing, spelt as the keyword of Client."""
    help = RUN.invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    for flag in ("--url", "--client-id", "--username", "--password-file", "--keepalive-s", "--tls-ca-file"):
        assert flag in help


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["pub"],
        ["sub"],
        ["ingest", "-t", "a"],
        ["ingest", "--into", "x.db"],
        ["ingest", "-t", "a", "--into", "none/x.db", "--slots", "folder"],
        ["ingest", "-t", "a", "--into", "none/x.db", "--share", "g", "--workers", "1", "--outbox", "mine.db"],
        ["ingest", "-t", "a", "-t", "#", "--into", "none/x.db"],
        ["ingest", "-t", "a", "--into", "none/x.db", "--columns", "v=$.\udcff int required"],
        ["pub", "a", "b", "--qos", "3"],
        ["pub", "a", "b", "--timeout-s", "soon"],
        ["nothing"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """A missing or impossible flag ends before anything happens."""
    assert RUN.invoke(app, arguments).exit_code == 2


def test_a_wrong_url_in_the_environment_is_78() -> None:
    """Nobody typed it; starting again will not help."""
    done = RUN.invoke(app, ["pub", "a", "b"], env={"HOLDFAST_URL": "mqtt://127.0.0.1:0"})
    assert done.exit_code == 78
    assert "HOLDFAST_URL" in done.output
