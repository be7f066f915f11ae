"""Numbers and times as people read them: pure."""

from __future__ import annotations

from holdfast.outbox import Ledger


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


def printable(text: str, keep: str = "") -> str:
    """On one line, and without what a terminal would obey: such signs are escaped, but for those to keep."""
    return "".join(
        sign if sign.isprintable() or sign in keep else sign.encode("unicode_escape").decode()
        for sign in text
    )


def columns(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (header, *rows)
    )
    return [f" {line}".rstrip() for line in lines]


def equation(ledger: Ledger) -> str:
    """The books, as what they promise (contract 7)."""
    names = ("acknowledged", "sent", "failed", "expired", "dropped", "pending")
    places = " + ".join(f"{name} {count(getattr(ledger, name))}" for name in names)
    return f"accepted {count(ledger.accepted)} = {places}"
