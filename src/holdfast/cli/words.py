"""Numbers and times as people read them: pure."""

from __future__ import annotations


def count(number: int) -> str:
    """``10,318``."""
    return f"{number:,}"


def clock(seconds: float) -> str:
    """``00:03:12``: hours, minutes, seconds."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def short(seconds: float) -> str:
    """``0.8 ms``, ``340 ms`` or ``4.1 s``: a measured time, at a glance."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s"
