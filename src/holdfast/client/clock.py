"""The real clock."""

from __future__ import annotations

import time

# Counts the time a machine is suspended, so that a link that died in its sleep is found dead.
_SOURCE = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class SystemClock:
    """Time as the machine has it (contract 27)."""

    def now(self) -> float:
        """Seconds that never jump back."""
        return time.clock_gettime(_SOURCE)

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    def boot(self) -> str | None:
        """What Linux calls this run of the machine; None elsewhere, and where it does not say."""
        try:
            with open(_BOOT_ID, encoding="ascii") as file:
                return file.read().strip() or None
        except OSError:
            return None
