"""SUBSCRIBE, UNSUBSCRIBE and their answers: every illegal sequence, with the reason code it earns."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import V5, V311, Suback, Version
from holdfast.codec.wire import MAX_ENTRIES
from tests.unit.codec.feeding import fed, refused
from tests.unit.codec.golden import raw

MALFORMED = reasons.MALFORMED_PACKET
PROTOCOL = reasons.PROTOCOL_ERROR

# (the standard's statement, what is wrong, version, bytes, reason code)
ILLEGAL: list[tuple[str, str, Version, str, int]] = [
    ("MQTT-2.2.1-3", "packet identifier 0", V5, "82 07 0000 00 0001'a' 00", PROTOCOL),
    ("MQTT-3.8.3-2", "no topic filter", V5, "82 03 0001 00", PROTOCOL),
    ("MQTT-3.8.3-3 of 3.1.1", "no topic filter", V311, "82 02 0001", PROTOCOL),
    ("MQTT-4.7.3-1", "an empty topic filter", V5, "82 06 0001 00 0000 00", PROTOCOL),
    ("MQTT-3.8.3-5", "reserved option bit 6", V5, "82 07 0001 00 0001'a' 40", MALFORMED),
    ("MQTT-3.8.3-5", "reserved option bit 7", V5, "82 07 0001 00 0001'a' 80", MALFORMED),
    ("MQTT-3-8.3-4 of 3.1.1", "an option of 5", V311, "82 06 0001 0001'a' 04", MALFORMED),
    ("MQTT 5 §3.8.3.1", "QoS 3", V5, "82 07 0001 00 0001'a' 03", PROTOCOL),
    ("MQTT-3-8.3-4 of 3.1.1", "QoS 3", V311, "82 06 0001 0001'a' 03", PROTOCOL),
    ("MQTT 5 §3.8.3.1", "retain handling 3", V5, "82 07 0001 00 0001'a' 30", PROTOCOL),
    ("MQTT-3.8.3-4", "No Local on a shared subscription", V5, "82 0F 0001 00 0009'$share/g/' 04", PROTOCOL),
    ("MQTT 5 §3.8.3", "no options", V5, "82 06 0001 00 0001'a'", MALFORMED),
    ("MQTT 5 §3.8.3", "a filter cut off", V5, "82 06 0001 00 0002'a'", MALFORMED),
    ("MQTT-3.8.3-1", "a filter that is not UTF-8", V5, "82 07 0001 00 0001 FF 00", MALFORMED),
    ("MQTT 5 §3.8.2.1.2", "subscription identifier 0", V5, "82 09 0001 02 0B00 0001'a' 00", PROTOCOL),
    ("MQTT 5 §3.8.2.1.2", "two of them", V5, "82 0B 0001 04 0B010B02 0001'a' 00", PROTOCOL),
    ("MQTT-2.2.1-3", "packet identifier 0", V311, "90 03 0000 00", PROTOCOL),
    ("MQTT-3.8.4-6", "no reason code", V5, "90 03 0001 00", PROTOCOL),
    ("MQTT-3.9.3-2 of 3.1.1", "a code of 5", V311, "90 03 0001 87", PROTOCOL),
    ("MQTT-3.9.3-2", "a code SUBACK cannot carry", V5, "90 04 0001 00 03", PROTOCOL),
    ("MQTT 5 §3.9", "no property length", V5, "90 02 0001", MALFORMED),
    ("MQTT-2.2.1-3", "packet identifier 0", V5, "A2 06 0000 00 0001'a'", PROTOCOL),
    ("MQTT-3.10.3-2", "no topic filter", V5, "A2 03 0001 00", PROTOCOL),
    ("MQTT-3.10.3-2 of 3.1.1", "no topic filter", V311, "A2 02 0001", PROTOCOL),
    ("MQTT-4.7.3-1", "an empty topic filter", V311, "A2 04 0001 0000", PROTOCOL),
    ("MQTT-2.2.1-3", "packet identifier 0", V5, "B0 04 0000 00 00", PROTOCOL),
    ("MQTT-3.11.3-1", "no reason code", V5, "B0 03 0001 00", PROTOCOL),
    ("MQTT-3.11.3-2", "a code UNSUBACK cannot carry", V5, "B0 04 0001 00 01", PROTOCOL),
    ("MQTT 3.1.1 §3.11", "3.1.1 has no reason codes", V311, "B0 03 0001 00", MALFORMED),
]


@pytest.mark.parametrize(("statement", "what", "version", "data", "reason"), ILLEGAL)
@pytest.mark.parametrize("feeding", ["whole", "byte by byte", "with trailing data"])
def test_illegal(statement: str, what: str, version: Version, data: str, reason: int, feeding: str) -> None:
    """Each is refused with its reason code, yields nothing, and does not read what follows."""
    octets = raw(data) + (bytes(8) if feeding == "with trailing data" else b"")
    error = refused(octets, version, step=1 if feeding == "byte by byte" else 0)
    assert (statement, what, error.reason) == (statement, what, reason)


@pytest.mark.parametrize("entry", [("82", "0001'a' 00"), ("A2", "0001'a'"), ("90", "00")], ids=lambda e: e[0])
def test_too_many_entries(entry: tuple[str, str]) -> None:
    """More filters or codes than anybody needs are refused: in memory they take many times their bytes."""
    first, one = raw(entry[0]), raw(entry[1])
    body = raw("0001") + one * (MAX_ENTRIES + 1)
    length = bytes((len(body) & 0x7F | 0x80, len(body) >> 7 & 0x7F | 0x80, len(body) >> 14))
    assert refused(first + length + body, V311).reason == reasons.QUOTA_EXCEEDED


def test_as_many_entries_as_allowed() -> None:
    """The bound itself is allowed."""
    length = bytes(((MAX_ENTRIES + 2) & 0x7F | 0x80, (MAX_ENTRIES + 2) >> 7 & 0x7F | 0x80, 4))
    data = raw("90") + length + raw("0001") + bytes(MAX_ENTRIES)
    assert fed(data, V311) == [Suback(1, [0] * MAX_ENTRIES)]
