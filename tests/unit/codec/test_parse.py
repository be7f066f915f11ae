"""The rare packets: every illegal sequence the standard names, with the reason code it earns."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import V5, V311, Connack, Version
from holdfast.codec import packet_types as kinds
from tests.unit.codec.feeding import attempt, fed, refused
from tests.unit.codec.golden import raw

MALFORMED = reasons.MALFORMED_PACKET
PROTOCOL = reasons.PROTOCOL_ERROR

# (the standard's statement, what is wrong, version, bytes, reason code)
ILLEGAL: list[tuple[str, str, Version, str, int]] = [
    ("MQTT-2.1.2", "type 0 is reserved", V5, "00 00", MALFORMED),
    ("MQTT-2.1.2", "type 0 is reserved", V311, "0F 00", MALFORMED),
    ("MQTT-2.1.2", "3.1.1 has no AUTH", V311, "F0 00", MALFORMED),
    ("MQTT-2.1.3-1", "CONNECT with flags", V5, "11 0E 0004'MQTT' 05 02 003C 00 0001'a'", MALFORMED),
    ("MQTT-2.1.3-1", "CONNACK with flags", V5, "21 03 00 00 00", MALFORMED),
    ("MQTT-2.1.3-1", "PUBACK with flags", V5, "42 02 0001", MALFORMED),
    ("MQTT-2.1.3-1", "PUBREC with flags", V311, "51 02 0001", MALFORMED),
    ("MQTT-3.6.1-1", "PUBREL without 0010", V5, "60 02 0001", MALFORMED),
    ("MQTT-3.6.1-1", "PUBREL without 0010", V311, "6A 02 0001", MALFORMED),
    ("MQTT-2.1.3-1", "PUBCOMP with flags", V5, "72 02 0001", MALFORMED),
    ("MQTT-3.8.1-1", "SUBSCRIBE without 0010", V5, "80 07 0001 00 0001'a' 00", MALFORMED),
    ("MQTT-2.1.3-1", "SUBACK with flags", V5, "92 04 0001 00 00", MALFORMED),
    ("MQTT-3.10.1-1", "UNSUBSCRIBE without 0010", V5, "A0 06 0001 00 0001'a'", MALFORMED),
    ("MQTT-2.1.3-1", "UNSUBACK with flags", V5, "B2 04 0001 00 00", MALFORMED),
    ("MQTT-2.1.3-1", "PINGREQ with flags", V5, "C1 00", MALFORMED),
    ("MQTT-2.1.3-1", "PINGRESP with flags", V311, "D8 00", MALFORMED),
    ("MQTT-3.14.1-1", "DISCONNECT with flags", V5, "E2 00", MALFORMED),
    ("MQTT-3.15.1-1", "AUTH with flags", V5, "F1 00", MALFORMED),
    # CONNACK
    ("MQTT-3.2.2-1", "reserved acknowledge flags", V5, "20 03 02 00 00", MALFORMED),
    ("MQTT-3.2.2-1", "reserved acknowledge flags", V311, "20 02 80 00", MALFORMED),
    ("MQTT-3.2.2-6", "refused with a session present", V5, "20 03 01 87 00", PROTOCOL),
    ("MQTT-3.2.2-4 of 3.1.1", "refused with a session present", V311, "20 02 01 05", PROTOCOL),
    ("MQTT-3.2.2-8", "a code CONNACK cannot carry", V5, "20 03 00 8E 00", PROTOCOL),
    ("MQTT-3.2.2-8", "an unknown code", V5, "20 03 00 FF 00", PROTOCOL),
    ("MQTT 3.1.1 §3.2.2.3", "a reserved return code", V311, "20 02 00 06", PROTOCOL),
    ("MQTT 5 §3.2.2.3", "no property length", V5, "20 02 00 00", MALFORMED),
    ("MQTT 5 §3.2", "empty", V5, "20 00", MALFORMED),
    ("MQTT 5 §3.2", "no code", V311, "20 01 00", MALFORMED),
    ("MQTT 5 §3.2", "trailing bytes", V311, "20 03 00 00 00", MALFORMED),
    ("MQTT 5 §3.2", "trailing bytes", V5, "20 04 00 00 00 00", MALFORMED),
    # PUBACK and its kin
    ("MQTT 5 §3.4", "no packet identifier", V5, "40 00", MALFORMED),
    ("MQTT 5 §3.4", "half a packet identifier", V311, "50 01 00", MALFORMED),
    ("MQTT-2.2.1-3", "packet identifier 0", V5, "40 03 0000 00", PROTOCOL),
    ("MQTT 3.1.1 §3.4", "3.1.1 has no reason code", V311, "40 03 0001 00", MALFORMED),
    ("MQTT 3.1.1 §3.6", "3.1.1 has no reason code", V311, "62 03 0001 00", MALFORMED),
    ("MQTT-3.4.2-1", "a code PUBACK cannot carry", V5, "40 03 0001 92", PROTOCOL),
    ("MQTT-3.5.2-1", "a code PUBREC cannot carry", V5, "50 03 0001 81", PROTOCOL),
    ("MQTT-3.6.2-1", "a code PUBREL cannot carry", V5, "62 03 0001 80", PROTOCOL),
    ("MQTT-3.7.2-1", "a code PUBCOMP cannot carry", V5, "70 03 0001 10", PROTOCOL),
    ("MQTT 5 §3.4.2.2", "properties cut off", V5, "40 04 0001 00 01", MALFORMED),
    ("MQTT 5 §3.4.2.2", "trailing bytes", V5, "40 05 0001 00 00 00", MALFORMED),
    # PINGREQ, PINGRESP, DISCONNECT, AUTH
    ("MQTT 5 §3.12", "a body", V5, "C0 01 00", MALFORMED),
    ("MQTT 5 §3.13", "a body", V311, "D0 01 00", MALFORMED),
    ("MQTT 3.1.1 §3.14", "a body", V311, "E0 01 00", MALFORMED),
    ("MQTT-3.14.2-1", "a code DISCONNECT cannot carry", V5, "E0 01 01", PROTOCOL),
    ("MQTT 5 §3.14.2.2", "trailing bytes", V5, "E0 03 00 00 00", MALFORMED),
    ("MQTT-3.15.2-1", "a code AUTH cannot carry", V5, "F0 01 80", PROTOCOL),
    ("MQTT 5 §3.15.2.2.2", "no method", V5, "F0 01 18", PROTOCOL),
    ("MQTT 5 §3.15.2.2.2", "no method", V5, "F0 02 00 00", PROTOCOL),
    ("MQTT 5 §3.15.2.2.3", "data without a method", V5, "F0 06 18 04 16 0001 00", PROTOCOL),
]


@pytest.mark.parametrize(("statement", "what", "version", "data", "reason"), ILLEGAL)
@pytest.mark.parametrize("feeding", ["whole", "byte by byte", "with trailing data"])
def test_illegal(statement: str, what: str, version: Version, data: str, reason: int, feeding: str) -> None:
    """Each is refused with its reason code, yields nothing, and does not read what follows."""
    octets = raw(data) + (bytes(8) if feeding == "with trailing data" else b"")
    error = refused(octets, version, step=1 if feeding == "byte by byte" else 0)
    assert (statement, what, error.reason) == (statement, what, reason)
    assert error.hint == reasons.sentence(reason)


@pytest.mark.parametrize("code", sorted(reasons.RETURN_CODES))
def test_a_311_server_answers_a_5_client(code: int) -> None:
    """MQTT 3.1.1 §3.2: a server that knows no 5 answers CONNECT with two bytes; its code is told."""
    assert fed(raw("20 02 00") + bytes((code,)), V5) == [Connack(False, code)]


@pytest.mark.parametrize("packet", sorted(reasons.IN_PACKET))
def test_every_reason_code(packet: str) -> None:
    """MQTT 5 §2.4: each packet takes the codes of the table and refuses all others."""
    kind = kinds.NAMES.index(packet)
    first = bytes((kinds.first_byte(kind),))
    for code in range(256):
        body = {
            "CONNACK": bytes((0, code, 0)),
            "SUBACK": bytes((0, 1, 0, code)),
            "UNSUBACK": bytes((0, 1, 0, code)),
            "DISCONNECT": bytes((code,)),
            "AUTH": bytes((code, 4)) + raw("15 0001'm'"),
        }.get(packet, bytes((0, 1, code)))
        out, error = attempt(first + bytes((len(body),)) + body, V5)
        assert bool(out) == reasons.allowed(packet, code)
        assert error is None or error.reason == PROTOCOL
