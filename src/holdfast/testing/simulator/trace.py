"""The last things that happened, rendered only when somebody asks."""

from __future__ import annotations

from collections import deque

from holdfast.values import Value, fields


class Trace:
    """Lines of (step, time, format, arguments); the oldest fall out beyond ``keep``."""

    __slots__ = ("_lines", "step")

    def __init__(self, keep: int | None = 30) -> None:
        """``keep`` None keeps everything."""
        self._lines: deque[tuple[int, float, str, tuple[object, ...]]] = deque(maxlen=keep)
        self.step = 0

    def note(self, now: float, text: str, *arguments: object) -> None:
        """Remember one event; ``text`` is a %-format for the arguments."""
        self._lines.append((self.step, now, text, arguments))

    def lines(self) -> list[str]:
        """Everything remembered, oldest first."""
        return [
            f"{step:5d} {now:11.4f}  {text % tuple(map(brief, args))}"
            for step, now, text, args in self._lines
        ]


def brief(value: object) -> object:
    """Packets and records as one short line each."""
    if isinstance(value, bytes):
        return value if len(value) <= 24 else value[:20] + b"..."
    if isinstance(value, list):
        return [brief(item) for item in value]
    if isinstance(value, Value):
        said = ", ".join(f"{name}={brief(part)!s}" for name, part in fields(value).items() if part)
        return f"{type(value).__name__}({said})"
    return value
