"""Brokers in a process of their own, which may be killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from holdfast.cli.demo.brokers import BrokerProcess, built_in, free_port, mosquitto

Make = Callable[[Path], BrokerProcess]


def a_mosquitto(folder: Path) -> BrokerProcess:
    """As it is installed."""
    program = shutil.which("mosquitto")
    assert program is not None
    return mosquitto(program, folder, free_port())


def ours(folder: Path) -> BrokerProcess:
    """That of ``holdfast.testing``."""
    return built_in(folder, free_port())
