"""The packet types as they stand in the high nibble of the first byte (MQTT 5 §2.1.2)."""

from __future__ import annotations

from typing import Final

WILL: Final = 0
"""No packet type: the will inside CONNECT, which has properties of its own."""

CONNECT: Final = 1
CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
PUBREC: Final = 5
PUBREL: Final = 6
PUBCOMP: Final = 7
SUBSCRIBE: Final = 8
SUBACK: Final = 9
UNSUBSCRIBE: Final = 10
UNSUBACK: Final = 11
PINGREQ: Final = 12
PINGRESP: Final = 13
DISCONNECT: Final = 14
AUTH: Final = 15

NAMES: Final = (
    "Will",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "AUTH",
)


def first_byte(packet_type: int) -> int:
    """The first byte of every packet but PUBLISH: three types carry the flags 0010 [MQTT-2.1.3-1]."""
    return packet_type << 4 | (0b0010 if packet_type in (PUBREL, SUBSCRIBE, UNSUBSCRIBE) else 0)
