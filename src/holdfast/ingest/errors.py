"""What goes wrong between a message and its database."""

from __future__ import annotations

from holdfast.errors import HoldfastError


class SinkError(HoldfastError):
    """The database cannot be opened or written; ``target`` names it, never with a password."""

    def __init__(self, sentence: str, *, target: str, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.target = target


class SpoolFull(HoldfastError):
    """The database cannot be written, and the outbox file has no room for what comes meanwhile."""

    def __init__(self, count: int, trouble: HoldfastError | None) -> None:
        because = f": {trouble}" if trouble is not None else ""
        super().__init__(
            f"the spool is full at {count:,} messages, and nothing more is acknowledged{because}",
            hint="bring the database back, or allow a larger max_held_bytes: of what it cannot send,"
            " mosquitto keeps 1,000 messages by default (max_queued_messages) and drops the rest in silence",
        )


class Misfit(HoldfastError):
    """A message makes no row, for this reason; it goes to the quarantine, and the stream goes on."""
