"""What became of what we say of ourselves (contract 22), told as events."""

from __future__ import annotations

import logging

from holdfast import reasons
from holdfast.client import events as told
from holdfast.client.state import State
from holdfast.protocol import Announced, Reasserted, Unwatched

REFUSED = 0x80


class Presence:
    """Of one run."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._unwatched = False

    def told(self, event: Announced | Reasserted | Unwatched) -> None:
        """One event of the session."""
        if isinstance(event, Reasserted):
            message = f"{event.topic} said offline while we are connected: our birth was said again"
            self._state.emit(told.Reasserted(message=message, topic=event.topic))
        elif isinstance(event, Unwatched):
            self._no_watch(event)
        elif event.reason >= REFUSED:
            what = "offline notice" if event.last else "birth"
            message = f"our {what} on {event.topic} was refused: {reasons.name(event.reason)}"
            refused = told.AnnouncementRefused(message=message, topic=event.topic, code=event.reason)
            self._state.emit(refused, logging.WARNING)

    def _no_watch(self, event: Unwatched) -> None:
        """Said once: it is asked for again at every connection."""
        if self._unwatched:
            return
        self._unwatched = True
        reason = reasons.name(event.reason)
        message = f"{event.topic} cannot be watched ({reason}): what an old connection says there may stand"
        self._state.emit(
            told.Unwatched(message=message, topic=event.topic, code=event.reason), logging.WARNING
        )
