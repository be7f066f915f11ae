"""What every test of this project shares: steady hypothesis runs, and skips that nobody can overlook."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.leaks import LEAKS

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every machine, however slow it is: a red test must be red again.
settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")

# Debian puts brokers where only root looks.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])


def pytest_configure(config: pytest.Config) -> None:
    """Whatever any test prints or logs is searched for the secret that tests use."""
    config.pluginmanager.register(LEAKS, "leaks")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        missing = [program for program in mark.args if shutil.which(program) is None]
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
