"""What the terms of a connection forbid to send, found out before it is sent."""

from __future__ import annotations

from holdfast.codec import V5, Version, encode_publish
from holdfast.messages import Outgoing
from holdfast.protocol.terms import Terms

QOS_NOT_SUPPORTED = 0x9B
RETAIN_NOT_SUPPORTED = 0x9A
PACKET_TOO_LARGE = 0x95
NO_PLACE_FOR_PROPERTIES = 0x83
"""Ours, as the standard has none for it: implementation specific error."""

WAITS_FOR_OTHER_TERMS = frozenset({PACKET_TOO_LARGE, NO_PLACE_FOR_PROPERTIES})
"""Reasons that keep an unsent row back, rather than end it (contract 4, 10)."""

Refusal = tuple[int, str]


def of_row(row: Outgoing, terms: Terms) -> Refusal | None:
    """The reason code and sentence that keep this row from being sent, or None."""
    if row.qos > terms.maximum_qos:  # [MQTT-3.2.2-11]
        return QOS_NOT_SUPPORTED, f"this broker takes QoS {terms.maximum_qos} at most"
    if row.retain and not terms.retain_available:  # [MQTT-3.2.2-14]
        return RETAIN_NOT_SUPPORTED, "this broker does not keep retained messages"
    return oversize(row, terms)


def of_unsent(row: Outgoing, terms: Terms) -> Refusal | None:
    """As ``of_row``, for a row that was never sent: what is in flight must go on, stripped if need be."""
    if row.properties and not terms.carries_properties:
        return NO_PLACE_FOR_PROPERTIES, f"MQTT 3.1.1 cannot carry its {', '.join(row.properties)}"
    return of_row(row, terms)


def oversize(row: Outgoing, terms: Terms) -> Refusal | None:
    """As ``of_row``, for the packet size alone [MQTT-3.2.2-15]."""
    limit = terms.max_packet_bytes
    if limit is None:
        return None
    size = wire_size(row, terms.version)
    if size <= limit:
        return None
    return PACKET_TOO_LARGE, f"{size} bytes as a packet, this broker takes {limit} at most"


def wire_size(row: Outgoing, version: Version) -> int:
    """How long the PUBLISH of this row is at most, expiry included."""
    properties = row.properties
    if row.expires_at is not None and version == V5:
        properties = {**properties, "message_expiry_interval": 1}
    return len(encode_publish(row.topic, row.payload, row.qos, row.retain, False, 1, properties, version))


def unlimited(terms: Terms) -> bool:
    """Whether no row can be refused under these terms, so that none needs a look."""
    return terms.maximum_qos == 2 and terms.retain_available and terms.max_packet_bytes is None
