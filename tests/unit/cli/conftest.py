"""What commands leave behind that would outlive a test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from holdfast.cli.running import SIGNALS


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A command hears signals until its process ends; this process goes on."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
