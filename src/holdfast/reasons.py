"""What the codes of the standard say: reason codes (MQTT 5 §2.4), return codes (MQTT 3.1.1 §3.2.2.3).

Below 0x80 the operation went well; from 0x80 on it failed. A code stands only in the packets listed
beside it; anywhere else it is a protocol error. The sentence is for the person who has to act.
"""

from __future__ import annotations

from typing import NamedTuple

SUCCESS = 0x00
MALFORMED_PACKET = 0x81
PROTOCOL_ERROR = 0x82
UNSUPPORTED_PROTOCOL_VERSION = 0x84
TOPIC_NAME_INVALID = 0x90
TOPIC_ALIAS_INVALID = 0x94
PACKET_TOO_LARGE = 0x95
QUOTA_EXCEEDED = 0x97


class Reason(NamedTuple):
    """One reason code; ``packets`` are the packet types that may carry it."""

    code: int
    name: str
    sentence: str
    packets: frozenset[str]


class ReturnCode(NamedTuple):
    """One CONNACK return code of 3.1.1; ``reason`` is the reason code that says the same in 5."""

    code: int
    name: str
    sentence: str
    reason: int


_TEXTS: dict[int, tuple[str, str]] = {
    0x00: ("Success", "It went well; nothing is to be done."),
    0x01: ("Granted QoS 1", "The subscription stands; messages come with QoS 1 at most."),
    0x02: ("Granted QoS 2", "The subscription stands; messages come with QoS 2 at most."),
    0x04: ("Disconnect with Will Message", "The client left and asked the server to publish its will."),
    0x10: (
        "No matching subscribers",
        "The server took the message, but nobody subscribes to its topic; check the topic if that surprises.",
    ),
    0x11: (
        "No subscription existed",
        "There was nothing to unsubscribe; the session was probably lost before.",
    ),
    0x18: ("Continue authentication", "The authentication goes on with one more step."),
    0x19: ("Re-authenticate", "The client starts the authentication again."),
    0x80: ("Unspecified error", "The other side names no cause; look into the server's log at this time."),
    0x81: (
        "Malformed Packet",
        "A packet could not be parsed; check that nothing but MQTT uses this port, and report it if so.",
    ),
    0x82: (
        "Protocol Error",
        "A packet broke the rules of MQTT; one side has a defect, so keep the log and report it.",
    ),
    0x83: (
        "Implementation specific error",
        "The packet was right, but this server cannot process it; its documentation should say why.",
    ),
    0x84: (
        "Unsupported Protocol Version",
        "The server does not speak this version of MQTT; try the other one (3.1.1 or 5).",
    ),
    0x85: (
        "Client Identifier not valid",
        "The server does not accept this client id; check its length, its characters and the server's rules.",
    ),
    0x86: (
        "Bad User Name or Password",
        "The server does not accept this user name with this password; check both.",
    ),
    0x87: (
        "Not authorized",
        "The server knows this client and forbids this; ask for the right in its access rules.",
    ),
    0x88: ("Server unavailable", "The server runs but serves nobody now; try later."),
    0x89: ("Server busy", "The server has too much to do; try later."),
    0x8A: ("Banned", "An administrator has banned this client; only the administrator can lift that."),
    0x8B: ("Server shutting down", "The server is shutting down; connect again later."),
    0x8C: (
        "Bad authentication method",
        "The server does not support this authentication method, or it is not the one in use.",
    ),
    0x8D: (
        "Keep Alive timeout",
        "The server heard nothing for one and a half keep alive times; the link or this process was stuck.",
    ),
    0x8E: ("Session taken over", "Another connection uses the same client id; give every client its own."),
    0x8F: (
        "Topic Filter invalid",
        "The server does not accept this topic filter; check it against the server's rules.",
    ),
    0x90: (
        "Topic Name invalid",
        "The topic name is not accepted; check for wildcards, its depth and the server's rules.",
    ),
    0x91: (
        "Packet Identifier in use",
        "The packet identifier is still in use; the two sides disagree about the session.",
    ),
    0x92: (
        "Packet Identifier not found",
        "The packet identifier is unknown; one side has lost its session state.",
    ),
    0x93: (
        "Receive Maximum exceeded",
        "More messages were in flight than the receiver allows; the sender has a defect.",
    ),
    0x94: (
        "Topic Alias invalid",
        "A topic alias was zero, unknown or above the agreed maximum; the sender has a defect.",
    ),
    0x95: (
        "Packet too large",
        "A packet was larger than the receiver allows; send less, or raise its maximum packet size.",
    ),
    0x96: ("Message rate too high", "Messages came faster than the receiver allows; publish more slowly."),
    0x97: ("Quota exceeded", "A limit set by the administrator is used up; wait, or have it raised."),
    0x98: ("Administrative action", "An administrator closed the connection."),
    0x99: ("Payload format invalid", "The payload is not of the announced format; text must be UTF-8."),
    0x9A: ("Retain not supported", "The server keeps no retained messages; publish without retain."),
    0x9B: ("QoS not supported", "The server does not offer this QoS; use the maximum it announced."),
    0x9C: ("Use another server", "The server asks to use another one for now; see its server reference."),
    0x9D: ("Server moved", "The server has moved for good; change the address to its server reference."),
    0x9E: (
        "Shared Subscriptions not supported",
        "The server offers no shared subscriptions; subscribe without $share.",
    ),
    0x9F: ("Connection rate exceeded", "Too many connections in a short time; connect less often."),
    0xA0: ("Maximum connect time", "The time allowed for one connection is over; connect again."),
    0xA1: (
        "Subscription Identifiers not supported",
        "The server offers no subscription identifiers; subscribe without one.",
    ),
    0xA2: (
        "Wildcard Subscriptions not supported",
        "The server offers no wildcards; subscribe to whole topic names.",
    ),
}

IN_PACKET: dict[str, frozenset[int]] = {
    "CONNACK": frozenset(bytes.fromhex("00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F")),
    "PUBACK": frozenset(bytes.fromhex("00 10 80 83 87 90 91 97 99")),
    "PUBREC": frozenset(bytes.fromhex("00 10 80 83 87 90 91 97 99")),
    "PUBREL": frozenset(bytes.fromhex("00 92")),
    "PUBCOMP": frozenset(bytes.fromhex("00 92")),
    "SUBACK": frozenset(bytes.fromhex("00 01 02 80 83 87 8F 91 97 9E A1 A2")),
    "UNSUBACK": frozenset(bytes.fromhex("00 11 80 83 87 8F 91")),
    "DISCONNECT": frozenset(
        bytes.fromhex(
            "00 04 80 81 82 83 87 89 8B 8C 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2"
        )
    ),
    "AUTH": frozenset(bytes.fromhex("00 18 19")),
}
"""Packet type → the reason codes it may carry (MQTT 5 table 2-6)."""

REASONS = {
    code: Reason(code, name, sentence, frozenset(packet for packet in IN_PACKET if code in IN_PACKET[packet]))
    for code, (name, sentence) in _TEXTS.items()
}

_RETURN_CODES = (
    ReturnCode(
        1,
        "Unacceptable protocol version",
        "The server does not speak this version of MQTT; try another one.",
        0x84,
    ),
    ReturnCode(
        2,
        "Identifier rejected",
        "The server does not allow this client id; check its length, its characters and the server's rules.",
        0x85,
    ),
    ReturnCode(3, "Server unavailable", "The server runs but serves nobody now; try later.", 0x88),
    ReturnCode(
        4,
        "Bad user name or password",
        "The server cannot accept this user name or password; check both.",
        0x86,
    ),
    ReturnCode(
        5,
        "Not authorized",
        "The server does not let this client connect; check user, password and its access rules.",
        0x87,
    ),
)

RETURN_CODES = {row.code: row for row in _RETURN_CODES}

_SUCCESS_NAMES = {"DISCONNECT": "Normal disconnection", "SUBACK": "Granted QoS 0"}


def name(code: int, packet: str = "") -> str:
    """The standard's name of a reason code; 0 is called differently in SUBACK and DISCONNECT."""
    if code == SUCCESS and packet in _SUCCESS_NAMES:
        return _SUCCESS_NAMES[packet]
    reason = REASONS.get(code)
    return reason.name if reason else f"Unknown reason code 0x{code:02X}"


def sentence(code: int) -> str:
    """What a reason code means for the person who has to act."""
    reason = REASONS.get(code)
    if reason:
        return reason.sentence
    return f"The standard does not know the code 0x{code:02X}; see the documentation of the other side."


def allowed(packet: str, code: int) -> bool:
    """Whether a packet of this type ("CONNACK", "PUBACK", ...) may carry the reason code."""
    return code in IN_PACKET.get(packet, ())
