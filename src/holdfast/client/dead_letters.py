"""Dead letters of a client without a file for them: an ERROR line each, and the newest are kept."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from holdfast.client.events import Event, MessageDead
from holdfast.client.inbox import Item

MOST = 100
MOST_BYTES = 16 << 20
"""Of payloads, all together: a hundred of the largest would be a gigabyte."""


class DeadLetters:
    """The messages that their handlers gave up, over all runs of a client."""

    def __init__(self, emit: Callable[[Event, int], None]) -> None:
        self._emit = emit
        self._newest: deque[MessageDead] = deque()
        self._bytes = 0
        self.count = 0

    @property
    def newest(self) -> tuple[MessageDead, ...]:
        """Up to ``MOST``, oldest first; any thread."""
        return tuple(self._newest)

    def bury(self, handler: str, item: Item, reason: str, kept: Callable[[], None]) -> None:
        """Keep this message, for ``reason``, and call ``kept``: it may be acknowledged now."""
        message = item[0]
        sentence = f"{handler}: a message on {message.topic} is a dead letter: {reason}"
        letter = MessageDead(
            message=sentence,
            topic=message.topic,
            payload=message.payload,
            reason=reason,
            handler=handler,
            attempts=message.attempt,
        )
        self.count += 1
        self._keep(letter)
        self._emit(letter, logging.ERROR)
        kept()

    def _keep(self, letter: MessageDead) -> None:
        self._newest.append(letter)
        self._bytes += len(letter.payload)
        while len(self._newest) > MOST or (self._bytes > MOST_BYTES and len(self._newest) > 1):
            self._bytes -= len(self._newest.popleft().payload)
