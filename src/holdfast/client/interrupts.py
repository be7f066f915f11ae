"""Ctrl-C within ``publish``, for who waits on the thread that it interrupts (contract 11)."""

from __future__ import annotations

from holdfast.client.receipt import Receipt
from holdfast.outbox.interrupted import commit_of


def carry(interrupt: KeyboardInterrupt, opened: Receipt | None, taken: Receipt | None) -> None:
    """Where the message was accepted, before or within the interruption, the exception has its receipt.

    ``opened``: the receipt of what was about to be accepted; ``taken``: the same, of what has been.
    """
    commit = commit_of(interrupt)
    if taken is None and opened is not None and commit is not None:
        opened.commit, taken = commit, opened
    if taken is not None:
        interrupt.receipt = taken  # type: ignore[attr-defined]


def carried(interrupt: KeyboardInterrupt) -> Receipt | None:
    """The receipt that it has."""
    receipt: Receipt | None = getattr(interrupt, "receipt", None)
    return receipt
