"""A network of one's own (Linux): nothing is up in it, and what happens there happens to nobody else."""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of unshare(2)."""


def alone(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run this on a thread with a network of its own, which its threads inherit; skips where we may not."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_run, main).result()


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    unshare = getattr(ctypes.CDLL(None, use_errno=True), "unshare", None)
    if unshare is None or unshare(_NEW_NETWORK):
        pytest.skip("making a network namespace needs Linux and root")
    asyncio.run(main())


def ip(*arguments: str) -> None:
    """The ``ip`` of iproute2, in the network of the calling thread."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
