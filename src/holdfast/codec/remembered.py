"""What a decoder remembers of PUBLISH packets, as a broker says the same over and over: topics, properties.

Both caches are bounded in entries and in the bytes of each.
"""

from __future__ import annotations

from types import MappingProxyType

from holdfast.codec.packet_types import PUBLISH
from holdfast.codec.properties import decode_properties
from holdfast.codec.wire import topic_of
from holdfast.messages import Properties

TOPICS_KEPT = 16_384
"""Topics whose checked text is remembered ..."""

TOPIC_BYTES_KEPT = 128
"""... if they are no longer than this."""

SECTIONS_KEPT = 512
"""Property sections that are remembered decoded ..."""

SECTION_BYTES_KEPT = 64
"""... if they are no longer than this."""


class Remembered:
    """The memory of one decoder; ``topics`` is looked into before ``topic`` is called."""

    __slots__ = ("_sections", "topics")

    def __init__(self) -> None:
        self.topics: dict[bytes, str] = {}
        self._sections: dict[bytes, Properties] = {}

    def topic(self, raw: bytes) -> str:
        """The text of a topic. Raises MalformedPacket."""
        topic = topic_of(raw, "PUBLISH")
        if len(raw) <= TOPIC_BYTES_KEPT:
            if len(self.topics) >= TOPICS_KEPT:
                self.topics.clear()
            self.topics[raw] = topic
        return topic

    def section(self, data: bytes, pos: int, end: int) -> tuple[Properties, int]:
        """The properties at ``pos`` and the position behind them. Raises MalformedPacket."""
        stop = pos + 1 + data[pos] if pos < end else end
        if stop > end or stop - pos > SECTION_BYTES_KEPT:
            return decode_properties(data, pos, end, PUBLISH)
        raw = data[pos:stop]
        properties = self._sections.get(raw)
        if properties is None:
            found, stop = decode_properties(data, pos, end, PUBLISH)
            if len(self._sections) >= SECTIONS_KEPT:
                self._sections.clear()
            properties = self._sections[raw] = MappingProxyType(found)  # shared, so not to be changed
        return properties, stop
