"""What the documents show is true: their Python compiles and type-checks, what is marked ``python run`` runs,
and every command, flag, link and test they name exists.

In a block marked ``python run`` the address ``mqtt://localhost`` stands for a fresh
``holdfast.testing.Broker``.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import pytest

import holdfast
from tests.project import markdown
from tests.project.source import ROOT

RUN_LIMIT_S = 30

# Fragments stand in a coroutine and see what a reader would have at hand; names they make up are theirs.
FRAGMENT = """# mypy: disable-error-code="name-defined"
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=True
import asyncio
from holdfast import {exports}
from holdfast.errors import *
client = Client()
async def fragment() -> None:
{body}
"""

PROGRAM = """import asyncio
async def main():
{body}
asyncio.run(main())
"""


def test_there_is_code_to_check() -> None:
    """The README shows Python, so that the checks below cannot pass by finding nothing."""
    assert any(block.path == Path("README.md") for block in markdown.python_blocks())


@pytest.mark.parametrize("block", markdown.python_blocks(), ids=str)
def test_python_compiles(block: markdown.Block) -> None:
    """Every Python block is valid syntax; a fragment may await at its top level."""
    compile(block.body, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def test_python_type_checks(tmp_path: Path) -> None:
    """Every name, argument and attribute of ours that a document uses exists: mypy says so, strictly."""
    for number, block in enumerate(markdown.python_blocks()):
        text = f"# {block}\n{_as_module(block.body)}"
        (tmp_path / f"block_{number}.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}/cache"]
    done = subprocess.run(
        [*command, *sorted(map(str, tmp_path.glob("*.py")))],
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _as_module(body: str) -> str:
    if re.search(r"^(import|from) ", body, re.MULTILINE) and not _awaits_at_top(body):
        return body
    exports = ", ".join(holdfast.__all__)
    return FRAGMENT.format(exports=exports, body=textwrap.indent(body, "    "))


def _awaits_at_top(body: str) -> bool:
    try:
        compile(body, "block", "exec", dont_inherit=True)
    except SyntaxError:
        return True
    return False


RUNNABLE = [block for block in markdown.python_blocks() if "run" in block.info]


@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_marked_python_runs(block: markdown.Block, tmp_path: Path) -> None:
    """A block marked `run` ends by itself, without an error, against a broker."""
    from holdfast.testing import Broker

    with Broker() as broker:
        program = re.sub(r"mqtt://localhost(:1883)?", broker.url, block.body)
        if _awaits_at_top(program):
            program = PROGRAM.format(body=textwrap.indent(program, "    "))
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            timeout=RUN_LIMIT_S,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", markdown.documents(), ids=str)
def test_make_targets_exist(path: Path) -> None:
    """Every `make X` a document names is a target of the Makefile."""
    named = {
        target
        for line in markdown.commands(path)
        for target in re.findall(r"(?:^|[$&;] *)make ([a-z][a-z-]*)", line)
    }
    assert named <= make_targets()


GROUPS = ("outbox", "deadletter")
"""Commands that have commands."""


@cache
def help_of(command: str) -> str:
    """What `holdfast COMMAND --help` prints; fails where there is no such command."""
    done = subprocess.run(
        [sys.executable, "-c", "from holdfast.cli.main import main; main()", *command.split(), "--help"],
        env={**os.environ, "COLUMNS": "250", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"holdfast {command}: {done.stderr}"
    return done.stdout


COMMAND = rf"(?:^|[$&;|/] *)holdfast ((?:(?:{'|'.join(GROUPS)}) )?[a-z][a-z-]*)([^|;&]*)"


@pytest.mark.parametrize("path", [Path("README.md"), *sorted(Path("docs").glob("*.md"))], ids=str)
def test_commands_and_flags_exist(path: Path) -> None:
    """Every `holdfast X --flag` a document shows is a command with that flag."""
    for line in markdown.commands(path):
        for command, rest in re.findall(COMMAND, line):
            for flag in re.findall(r"(?<!\S)(--?[a-z][a-z0-9-]*)", rest):
                assert re.search(rf"(?<!\S){flag}\b", help_of(command)), f"{path}: {line.strip()}: {flag}"
            help_of(command)


@pytest.mark.parametrize("path", markdown.documents(), ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    """Every link inside the repository has a target."""
    assert [link for link in markdown.links(path) if not (ROOT / path.parent / link).exists()] == []


@pytest.mark.parametrize("path", markdown.documents(), ids=str)
def test_named_tests_exist(path: Path) -> None:
    """A document that points at a test, `tests/....py::test_name`, points at one that is there."""
    text = (ROOT / path).read_text("utf-8")
    for file, _, name in re.findall(r"(tests/[\w/]+\.py)(::(\w+))?", text):
        source = (ROOT / file).read_text("utf-8")
        assert not name or f"def {name}(" in source, f"{path}: {file}::{name}"
