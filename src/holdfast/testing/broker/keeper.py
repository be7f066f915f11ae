"""The core of a running broker with its memory: on disk, or as long as the process lives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.testing.broker.log import CallLog
from holdfast.testing.model import BrokerCore, BrokerLimits, Examiner

COMPACT_BYTES = 4 << 20
"""A log longer than this is written anew once no client is connected."""


class Keeper:
    """Makes every call of the core and notes it; ``settle`` before anything that ``take`` gave leaves."""

    def __init__(
        self,
        limits: BrokerLimits | None,
        strict: bool,
        path: Path | None,
        now: float,
        authentication: Callable[[], Examiner] | None = None,
    ) -> None:
        self.core = BrokerCore(limits, strict=strict, authentication=authentication)
        self._log = CallLog(path) if path else None
        if self._log is not None:
            self._reload(self._log, now)

    def call(self, name: str, *args: Any, **kwargs: Any) -> None:
        """One call of BrokerCore that takes something in."""
        getattr(self.core, name)(*args, **kwargs)
        if self._log is not None:
            self._log.append((name, args, kwargs))

    def settle(self, connected: bool) -> None:
        """Make what has changed durable."""
        if self._log is not None and self.core.dirty:
            self._log.commit()
            if self._log.size > COMPACT_BYTES and not connected:
                self._log.begin(self.core.state(), self.core.scripts())
        self.core.dirty = False

    def restart(self, now: float, forget: bool) -> None:
        """As if the process had died: only what is durable is left, and nothing if it is to forget."""
        if forget:
            self.core = self.core.successor(None, now)
            if self._log is not None:
                self._log.begin(self.core.state(), self.core.scripts())
        elif self._log is None:
            self.core = self.core.successor(self.core.state(), now)
        else:
            self._reload(self._log, now)

    def _reload(self, log: CallLog, now: float) -> None:
        """Read the file, make its calls again, and begin a new one."""
        snapshot, calls = log.read()
        past = self.core.ancestor(snapshot)
        for name, args, kwargs in calls:
            getattr(past, name)(*args, **kwargs)
        self.core = self.core.successor(past.state(), now)
        log.begin(self.core.state(), self.core.scripts())

    def close(self) -> None:
        """Let go of the file."""
        if self._log is not None:
            self._log.close()
