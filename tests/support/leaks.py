"""No secret anywhere: a pytest plugin that searches what every test prints and logs for one secret.

The tests that use passwords use ``SECRET``, and nothing else is called so. Searched are stdout and stderr of
each test, the log records of all levels with the errors they carry, and the output of the processes whose
output a test has collected. Whoever prints it has failed.
"""

from __future__ import annotations

import logging
import subprocess
from base64 import b64encode
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

import pytest

SECRET = "swordfish-7f3aQ9x"

_FORMAT = logging.Formatter()


class Leaks(logging.Handler):
    """Searches for one secret, as it is and as a login in base64 would hold it."""

    def __init__(self, secret: str) -> None:
        super().__init__(logging.DEBUG)
        raw = secret.encode()
        # In base64 a word looks different behind one, two or three bytes; its first and last signs depend on
        # its neighbours.
        coded = [b64encode(bytes(before) + raw).decode().rstrip("=") for before in range(3)]
        self._forms = (
            secret,
            raw.hex(),
            *(form[4 if before else 0 : -2] for before, form in enumerate(coded)),
        )
        self._found: list[str] = []

    def look(self, where: str, text: str | bytes | None) -> None:
        """Search this; what is found counts against the test that runs."""
        said = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
        if any(form in said for form in self._forms):
            self._found.append(where)

    def take(self) -> list[str]:
        """Where it was found since the last time."""
        found, self._found = self._found, []
        return found

    # -- the log -------------------------------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        self.look(f"the log, {record.levelname}", record.getMessage())
        if record.exc_info:
            self.look(f"an error in the log, {record.levelname}", _FORMAT.formatException(record.exc_info))

    # -- pytest --------------------------------------------------------------------------------

    def pytest_configure(self) -> None:
        logging.getLogger().addHandler(self)
        logging.getLogger("holdfast").setLevel(logging.DEBUG)
        subprocess.Popen.communicate = self._listening(subprocess.Popen.communicate)  # type: ignore[method-assign]

    def _listening(self, communicate: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(communicate)
        def listen(process: Any, *arguments: Any, **options: Any) -> Any:
            said = communicate(process, *arguments, **options)
            for text in said:
                self.look("the output of a process", text)
            return said

        return listen

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        for name, text in report.sections:
            if name.endswith(f" {call.when}") and "log" not in name:  # the log was searched as it came
                self.look(name.removeprefix("Captured ").removesuffix(f" {call.when}"), text)
        found = self.take()
        if found and report.passed:
            report.outcome = "failed"
            report.longrepr = f"it printed the secret of the tests: {', '.join(dict.fromkeys(found))}"
        return report


LEAKS = Leaks(SECRET)
