"""What every test of this project shares: steady hypothesis runs, and skips that nobody can overlook."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.leaks import LEAKS

if TYPE_CHECKING:
    from tests.support.postgres import Database, Postgres

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every machine, however slow it is: a red test must be red again.
settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")

# Debian puts brokers where only root looks, and PostgreSQL where nobody does.
_FOLDERS = ("/usr/local/sbin", "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), *_FOLDERS])


def pytest_configure(config: pytest.Config) -> None:
    """Whatever any test prints or logs is searched for the secret that tests use."""
    config.pluginmanager.register(LEAKS, "leaks")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        _skip_without(*mark.args)


def _skip_without(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line per reason: a claim that was not checked is not a claim that holds."""
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    reasons = Counter(_reason(report) for report in skipped)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_sep("!", f"NOT CHECKED: {count} tests, {reason}", red=True, bold=True)


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for all tests of a process; who stops it starts it again."""
    _skip_without("postgres", "initdb")
    from tests.support.postgres import Postgres

    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Database]:
    """A fresh database."""
    with postgres_server.database() as database:
        yield database
