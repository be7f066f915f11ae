"""How many connections a client asks a broker to accept (contract 19)."""

from __future__ import annotations

from collections.abc import Sequence

BURST, MINUTE = 10, 30
"""So many at once, and so many in any minute: the rest of them come evenly."""

REFILL_S = 60 / (MINUTE - BURST)


def excess(accepted: Sequence[float]) -> list[str]:
    """Each stretch of time in which there were more than that, in words."""
    return [
        f"{last - first + 1} connections within {accepted[last] - accepted[first]:.1f} s"
        for first in range(len(accepted))
        for last in range(first, len(accepted))
        if last - first + 1 > BURST + (accepted[last] - accepted[first]) / REFILL_S + 1e-9
    ]
