"""What a handler raises on purpose, to say how its message goes on; and what is not its failure."""

from __future__ import annotations

from holdfast.errors import ConfigurationError

ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""The process ends. Whatever else a function of the application raises is its failure, a panic too."""


class Reject(Exception):
    """Not this message: it becomes a dead letter with this ``reason``, and is acknowledged then."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Exception):
    """Not now: the message is handled again, and this counts as an attempt.

    ``delay_s``: so long from now; None: as ``Retries`` has it.
    """

    def __init__(self, reason: str = "", *, delay_s: float | None = None) -> None:
        if delay_s is not None and not delay_s >= 0:
            raise ConfigurationError(f"Retry: delay_s must be 0 or more, not {delay_s!r}")
        super().__init__(reason)
        self.reason = reason
        self.delay_s = delay_s
