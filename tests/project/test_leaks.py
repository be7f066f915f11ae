"""The search for secrets in all output of this suite: it finds them, wherever they are printed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.leaks import Leaks

WORD = "another-word-of-ours"
"""Not the one that this very run is searched for."""


@pytest.mark.parametrize(
    "text",
    [
        f"connecting as me:{WORD}@host",
        WORD.encode(),
        WORD.encode().hex(),
        *(f"Basic {b64encode(f'{user}:{WORD}'.encode()).decode()}" for user in ("a", "ab", "abc", "abcd")),
    ],
)
def test_it_is_found_in_any_form(text: str | bytes) -> None:
    """As text, as bytes, as hexadecimal digits, and in a login of HTTP, whatever stands before it."""
    leaks = Leaks(WORD)
    leaks.look("here", text)
    assert leaks.take() == ["here"]
    assert leaks.take() == []


@pytest.mark.parametrize("text", ["", None, "another word of ours", b"\xff", "b3Vycy"])
def test_other_things_are_not_it(text: str | bytes | None) -> None:
    """No false alarm."""
    leaks = Leaks(WORD)
    leaks.look("here", text)
    assert leaks.take() == []


def test_the_log_is_searched_with_its_errors() -> None:
    """The message, and the words of an error and of its causes."""
    leaks, log = Leaks(WORD), logging.Logger("apart")
    log.addHandler(leaks)
    log.debug("the password is %s", WORD)
    assert leaks.take() == ["the log, DEBUG"]
    try:
        try:
            raise ValueError(WORD)
        except ValueError as error:
            raise RuntimeError("no connection") from error
    except RuntimeError:
        log.exception("it failed")
    assert leaks.take() == ["an error in the log, ERROR"]


TESTS = f"""
import logging, subprocess, sys

WORD = {WORD[::-1]!r}[::-1]
SAY = [sys.executable, "-c", f"print({{WORD!r}})"]

def test_stdout(): print(WORD)
def test_stderr(): print(WORD, file=sys.stderr)
def test_log(): logging.getLogger("holdfast").debug("it is %s", WORD)
def test_child(): subprocess.run(SAY, check=True)
def test_collected(): subprocess.run(SAY, check=True, capture_output=True)
def test_nothing(): print("nothing")
"""

CONFTEST = f"""
from tests.support.leaks import Leaks

def pytest_configure(config):
    config.pluginmanager.register(Leaks({WORD!r}))
"""


def test_whoever_prints_it_has_failed(tmp_path: Path) -> None:
    """A run of pytest of its own: stdout, stderr, the log at DEBUG, a child's output, seen or collected."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "5 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    for where in ("stdout", "stderr", "the log, DEBUG", "the output of a process"):
        assert f"it printed the secret of the tests: {where}" in done.stdout
