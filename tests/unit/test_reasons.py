"""The tables of codes against the standard's."""

from __future__ import annotations

import pytest

from holdfast import reasons

# MQTT 5 table 2-6, row by row
TABLE = """
00 CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH
01 SUBACK
02 SUBACK
04 DISCONNECT
10 PUBACK PUBREC
11 UNSUBACK
18 AUTH
19 AUTH
80 CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT
81 CONNACK DISCONNECT
82 CONNACK DISCONNECT
83 CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT
84 CONNACK
85 CONNACK
86 CONNACK
87 CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT
88 CONNACK
89 CONNACK DISCONNECT
8A CONNACK
8B DISCONNECT
8C CONNACK DISCONNECT
8D DISCONNECT
8E DISCONNECT
8F SUBACK UNSUBACK DISCONNECT
90 CONNACK PUBACK PUBREC DISCONNECT
91 PUBACK PUBREC SUBACK UNSUBACK
92 PUBREL PUBCOMP
93 DISCONNECT
94 DISCONNECT
95 CONNACK DISCONNECT
96 DISCONNECT
97 CONNACK PUBACK PUBREC SUBACK DISCONNECT
98 DISCONNECT
99 CONNACK PUBACK PUBREC DISCONNECT
9A CONNACK DISCONNECT
9B CONNACK DISCONNECT
9C CONNACK DISCONNECT
9D CONNACK DISCONNECT
9E SUBACK DISCONNECT
9F CONNACK DISCONNECT
A0 DISCONNECT
A1 SUBACK DISCONNECT
A2 SUBACK DISCONNECT
"""


def test_every_packet() -> None:
    """MQTT 5 §2.4: each code stands in exactly these packets."""
    rows = [row.split() for row in TABLE.strip().splitlines()]
    assert {int(row[0], 16): set(row[1:]) for row in rows} == {
        code: reason.packets for code, reason in reasons.REASONS.items()
    }


def test_every_code_has_a_sentence() -> None:
    """MQTT 5 knows 43 codes; each has its own name and a sentence that ends as one."""
    assert len(reasons.REASONS) == 43
    for code, reason in reasons.REASONS.items():
        assert code == reason.code
        assert reasons.name(code) == reason.name
        assert reasons.sentence(code).endswith(".")
        assert reason.sentence[0].isupper()
    assert len({reason.name for reason in reasons.REASONS.values()}) == len(reasons.REASONS)


@pytest.mark.parametrize(
    ("code", "packet", "name"),
    [
        (0x00, "", "Success"),
        (0x00, "PUBACK", "Success"),
        (0x00, "SUBACK", "Granted QoS 0"),
        (0x00, "DISCONNECT", "Normal disconnection"),
        (0x87, "DISCONNECT", "Not authorized"),
        (0x95, "", "Packet too large"),
        (0xEE, "", "Unknown reason code 0xEE"),
    ],
)
def test_name(code: int, packet: str, name: str) -> None:
    """The standard's name; a code it does not know is told as a number."""
    assert reasons.name(code, packet) == name


def test_unknown_code() -> None:
    """A code the standard does not know gets a sentence too."""
    assert "0xEE" in reasons.sentence(0xEE)


def test_allowed() -> None:
    """A code stands only in its packets; an unknown packet carries none."""
    assert reasons.allowed("PUBACK", 0x97)
    assert not reasons.allowed("PUBACK", 0x92)
    assert not reasons.allowed("PINGREQ", 0)


def test_return_codes() -> None:
    """MQTT 3.1.1 table 3.1: the five refusals, and what 5 calls them."""
    assert {code: (row.name, row.reason) for code, row in reasons.RETURN_CODES.items()} == {
        1: ("Unacceptable protocol version", 0x84),
        2: ("Identifier rejected", 0x85),
        3: ("Server unavailable", 0x88),
        4: ("Bad user name or password", 0x86),
        5: ("Not authorized", 0x87),
    }
    for row in reasons.RETURN_CODES.values():
        assert reasons.allowed("CONNACK", row.reason)
        assert row.sentence.endswith(".")
