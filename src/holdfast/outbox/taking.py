"""How much of what waits is taken at once: about one good write."""

from __future__ import annotations

from collections import deque

from holdfast.messages import Outgoing

TAKEN_BYTES = 512 * 1024
"""Taken at once, about: a socket takes no more, and what it leaves is copied again and again."""


def fitting(rows: deque[Outgoing], count: int) -> int:
    """How many of the first ``count`` rows make one good write; one at least."""
    left = TAKEN_BYTES
    for place in range(count):  # no iterator: another thread may append meanwhile
        if left <= 0:
            return place
        left -= rows[place].size
    return count
