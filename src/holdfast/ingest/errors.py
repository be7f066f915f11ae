"""What goes wrong between a message and its database."""

from __future__ import annotations

from holdfast.errors import HoldfastError


class SinkError(HoldfastError):
    """The database cannot be opened or written; ``target`` names it, never with a password."""

    def __init__(self, sentence: str, *, target: str, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.target = target


class Misfit(HoldfastError):
    """A message makes no row, for this reason; it goes to the quarantine, and the stream goes on."""
