"""How the messages of one handler are worked through: how many at once, how often, how long."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from holdfast.errors import ConfigurationError
from holdfast.handling.retries import DEFAULT_RETRIES, Retries
from holdfast.messages import Message
from holdfast.values import Frozen

Key = str | Callable[[Message], Hashable]
"""``"{capture}"``, ``"$.json.path"``, ``"@property.name"``, or a function of the message."""

KeyOf = Callable[[Message], Hashable]
"""The key of one message; None where it has none. Raises PayloadError."""

MOST_AT_ONCE = 1000


class Work(Frozen):
    """Up to ``concurrency`` messages at once, each run within ``timeout_s``. Raises ConfigurationError."""

    __match_args__ = ("concurrency", "retries", "timeout_s")
    __slots__ = __match_args__

    def __init__(
        self, concurrency: int = 1, retries: Retries = DEFAULT_RETRIES, timeout_s: float | None = None
    ) -> None:
        self.concurrency = concurrency
        self.retries = retries
        self.timeout_s = timeout_s
        if not 1 <= concurrency <= MOST_AT_ONCE or concurrency % 1:
            raise ConfigurationError(f"concurrency must be 1 to {MOST_AT_ONCE}, not {concurrency!r}")
        if not isinstance(retries, Retries):
            raise ConfigurationError(f"retries={retries!r} is no Retries", hint="retries=Retries(5)")
        if timeout_s is not None and not timeout_s > 0:
            raise ConfigurationError(f"timeout_s must be above 0, not {timeout_s!r}", hint="None: no limit")

    def check(self, function: Callable[..., Any], threaded: bool) -> None:
        """Raises ConfigurationError where this function cannot be worked with so."""
        if threaded and self.timeout_s is not None:
            name = getattr(function, "__qualname__", function)
            raise ConfigurationError(
                f"{name}: timeout_s needs a coroutine function, as nobody can end a thread",
                hint="write async def, or give what the function waits for a limit of its own",
            )


DEFAULT_WORK = Work()
