"""Opens marked messages on their way to a handler or reader (``client.compression``)."""

from __future__ import annotations

import logging

from holdfast.client import events as told
from holdfast.client.calm import Calm
from holdfast.client.compression import decompress, is_marked, unmark
from holdfast.client.inbox import Item
from holdfast.client.mailbox import Mailbox
from holdfast.client.state import State
from holdfast.messages import Message


class Decompressing:
    """What cannot be opened is handed over as it came, and told."""

    def __init__(self, max_bytes: int, state: State, here: Mailbox) -> None:
        """``max_bytes``: the largest payload. ``here``: how other threads tell."""
        self._max_bytes = int(max_bytes)  # 1e6 is a size to everybody but zlib
        self._state = state
        self._here = here
        self._last: dict[str, Message] = {}
        self._calm = Calm(self._tell)
        self.close = self._calm.close
        """The end of this run: everything is told."""

    def open(self, item: Item) -> Item:
        """This item as its consumer gets it; on the thread of that."""
        message, delivery, index, shared = item
        if not is_marked(message.content_type) or message.payload is not delivery.raw:
            return item  # the last: it was opened before, and put back
        try:
            payload = decompress(message.payload, self._max_bytes)
        except ValueError as error:
            self._here.post(self._failed, message, str(error))
            return item
        return _opened(message, payload), delivery, index, shared

    def _failed(self, message: Message, reason: str) -> None:
        self._last[reason] = message
        self._calm.note(reason)

    def _tell(self, reason: str, count: int) -> None:
        message = self._last.pop(reason)
        topic, size = message.topic, len(message.payload)
        sentence = (
            f"{count} messages were handed over compressed; "
            f"the last, {size} bytes of {message.content_type} on {topic}: {reason}"
        )
        event = told.NotDecompressed(message=sentence, topic=topic, size=size, reason=reason, count=count)
        self._state.emit(event, logging.WARNING)


def _opened(message: Message, payload: bytes) -> Message:
    """The message as it was published; the delivery stays as it came, to know a repeat by (contract 14)."""
    properties = dict(message.properties)
    content_type = unmark(properties.pop("content_type"))
    if content_type is not None:
        properties["content_type"] = content_type
    return Message(
        message.topic,
        payload,
        message.qos,
        message.retain,
        message.duplicate,
        properties,
        message.captures,
        message.arrived,
        message.attempt,
    )
