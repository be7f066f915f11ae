"""The primary key of a row: its class and its sequence number in one.

Each class is a range of its own, in accept order, so that the head of a class is one look into the
table; and the keys of normal rows are their sequence numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing

FAR = 1 << 61
"""More sequence numbers than there will ever be."""

BASE = (FAR, 0, -FAR)
"""What is added to a sequence number, by class: low, normal, high. A tuple, as it is asked for each row."""


def key_of(row: Outgoing) -> int:
    """The key of this row."""
    return row.seq + BASE[row.priority]


def keys_of(rows: Iterable[Outgoing]) -> list[int]:
    """The keys of these rows, in their order."""
    return [row.seq + BASE[row.priority] for row in rows]


def seq_of(key: int) -> int:
    """The sequence number in a key."""
    return key - BASE[priority_of(key)]


def priority_of(key: int) -> int:
    """The class in a key."""
    return HIGH if key < 0 else NORMAL if key < FAR else LOW


def span(priority: int, after: int = 0) -> tuple[int, int]:
    """The lowest and the highest key of this class, of sequence numbers above ``after``."""
    base = BASE[priority]
    return base + after + 1, base + FAR - 1
