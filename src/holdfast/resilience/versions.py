"""Which protocol version to speak: 5 first, 3.1.1 where the broker knows no 5 (contract 4).

asked for   what came                                next attempt
5           CONNACK 0x84, or return code 1 (3.1.1)   3.1.1, at once
5           closed before CONNACK, twice in a row    3.1.1; kept only if that one is accepted
5           the same, but 5 was accepted before      5: this broker knows it, and is in trouble
3.1.1       accepted                                 3.1.1 for 24 hours, then 5
3.1.1       refused for its version                  5
3.1.1       closed before CONNACK, never accepted    5
any         anything else                            the same
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
        self._knows_v5 = False
        self._kept_until: float | None = None
        self._next: Version = fixed or V5

    def choose(self, now: float) -> Version:
        """The version to ask for now."""
        if self._kept_until is not None and now >= self._kept_until:
            self._begin_anew()
        return self._next

    def accepted(self, now: float) -> None:
        """CONNACK accepted this version."""
        if self._next == V5:
            self._knows_v5 = True
        elif self._fixed is None and self._kept_until is None:
            self._kept_until = now + KEEP_S

    def refused(self, code: int) -> bool:
        """CONNACK refused us; True: at once again, with the other version."""
        if self._fixed is not None or code not in UNSUPPORTED:
            self._closes = 0
            return False
        if self._next == V311:
            self._begin_anew()
            return False  # at once would be a circle without a pause
        self._next = V311
        return True

    def closed_before_connack(self) -> None:
        """The broker hung up without an answer."""
        if self._fixed is not None or self._knows_v5 or self._kept_until is not None:
            return
        if self._next == V311:
            self._begin_anew()
            return
        self._closes += 1
        if self._closes >= SILENT_CLOSES:
            self._next = V311

    def _begin_anew(self) -> None:
        self._next, self._closes, self._kept_until = V5, 0, None
