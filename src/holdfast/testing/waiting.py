"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LOOK_EVERY_S = 0.01


async def eventually(check: Callable[[], object], timeout_s: float = 5) -> None:
    """Wait until ``check()`` is true, asking every 10 ms; what it raises counts as false.

    Raises AssertionError with the last false value, or from the last error, after ``timeout_s``.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        error: Exception | None = None
        value: object = None
        try:
            value = check()
        except Exception as raised:
            error = raised
        if value:
            return
        if loop.time() >= deadline:
            what = f"it raised {error!r}" if error is not None else f"it was {value!r} at last"
            raise AssertionError(f"not true within {timeout_s:g} s: {what}") from error
        await asyncio.sleep(_LOOK_EVERY_S)
