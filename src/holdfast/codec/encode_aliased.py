"""PUBLISH with a topic alias (MQTT 5 §3.3.2.3.4): what stands before and behind the packet identifier."""

from __future__ import annotations

from holdfast.codec.wire import write_text, write_varint

TOPIC_ALIAS = 0x23


def aliased_head(topic: str, alias: int, size: int, qos: int, retain: bool) -> tuple[bytes, bytes]:
    """Both ends of a PUBLISH of QoS 1 or 2 with no other property, around its identifier; MQTT 5.

    ``alias`` 0: none. ``topic`` may be empty when there is one. ``size`` is the payload's.
    """
    prefix = write_text(topic, "topic")
    properties = b"\3%c%c%c" % (TOPIC_ALIAS, alias >> 8, alias & 255) if alias else b"\0"
    remaining = write_varint(len(prefix) + 2 + len(properties) + size, "size of PUBLISH")
    return b"%c" % (0x30 | qos << 1 | (1 if retain else 0)) + remaining + prefix, properties
