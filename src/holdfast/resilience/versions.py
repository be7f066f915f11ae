"""Which protocol version to speak: 5 first, 3.1.1 where the broker knows no 5 (contract 4).

what happened with 5                       next attempt
CONNACK 0x84, or return code 1 (3.1.1)     3.1.1
closed before CONNACK, twice in a row      3.1.1; kept only if that one is accepted
anything else                              5

An accepted 3.1.1 is kept for 24 hours, then 5 is tried again.
"""

from __future__ import annotations

from holdfast.codec import V5, V311, Version

UNSUPPORTED = {0x84, 1}
SILENT_CLOSES = 2
KEEP_S = 24 * 3600.0


class VersionChoice:
    """The version of the next attempt; ``fixed`` switches the search off."""

    def __init__(self, fixed: Version | None = None) -> None:
        self._fixed = fixed
        self._closes = 0
        self._kept_until: float | None = None
        self._next: Version = fixed or V5

    def choose(self, now: float) -> Version:
        """The version to ask for now."""
        if self._fixed is None and self._kept_until is not None and now >= self._kept_until:
            self._kept_until = None
            self._next = V5
        return self._next

    def accepted(self, now: float) -> None:
        """CONNACK accepted this version."""
        self._closes = 0
        if self._next == V311 and self._kept_until is None:
            self._kept_until = now + KEEP_S

    def refused(self, code: int) -> bool:
        """CONNACK refused us; True: at once again, with the other version."""
        if self._fixed is None and self._next == V5 and code in UNSUPPORTED:
            self._next = V311
            return True
        return False

    def closed_before_connack(self) -> None:
        """The broker hung up without an answer."""
        if self._fixed is not None or self._kept_until is not None:
            return
        if self._next == V311:
            self._next, self._closes = V5, 0
            return
        self._closes += 1
        if self._closes >= SILENT_CLOSES:
            self._next = V311
