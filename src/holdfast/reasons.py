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


def _reason(code: int, name: str, packets: str, sentence: str) -> Reason:
    return Reason(code, name, sentence, frozenset(packets.split()))


_REASONS = (
    _reason(
        0x00,
        "Success",
        "CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH",
        "It went well; nothing is to be done.",
    ),
    _reason(0x01, "Granted QoS 1", "SUBACK", "The subscription stands; messages come with QoS 1 at most."),
    _reason(0x02, "Granted QoS 2", "SUBACK", "The subscription stands; messages come with QoS 2 at most."),
    _reason(
        0x04,
        "Disconnect with Will Message",
        "DISCONNECT",
        "The client left and asked the server to publish its will.",
    ),
    _reason(
        0x10,
        "No matching subscribers",
        "PUBACK PUBREC",
        "The server took the message, but nobody subscribes to its topic; check the topic if that surprises.",
    ),
    _reason(
        0x11,
        "No subscription existed",
        "UNSUBACK",
        "There was nothing to unsubscribe; the session was probably lost before.",
    ),
    _reason(0x18, "Continue authentication", "AUTH", "The authentication goes on with one more step."),
    _reason(0x19, "Re-authenticate", "AUTH", "The client starts the authentication again."),
    _reason(
        0x80,
        "Unspecified error",
        "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT",
        "The other side names no cause; look into the server's log at this time.",
    ),
    _reason(
        0x81,
        "Malformed Packet",
        "CONNACK DISCONNECT",
        "A packet could not be parsed; check that nothing but MQTT uses this port, and report it if so.",
    ),
    _reason(
        0x82,
        "Protocol Error",
        "CONNACK DISCONNECT",
        "A packet broke the rules of MQTT; one side has a defect, so keep the log and report it.",
    ),
    _reason(
        0x83,
        "Implementation specific error",
        "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT",
        "The packet was right, but this server cannot process it; its documentation should say why.",
    ),
    _reason(
        0x84,
        "Unsupported Protocol Version",
        "CONNACK",
        "The server does not speak this version of MQTT; try the other one (3.1.1 or 5).",
    ),
    _reason(
        0x85,
        "Client Identifier not valid",
        "CONNACK",
        "The server does not accept this client id; check its length, its characters and the server's rules.",
    ),
    _reason(
        0x86,
        "Bad User Name or Password",
        "CONNACK",
        "The server does not accept this user name with this password; check both.",
    ),
    _reason(
        0x87,
        "Not authorized",
        "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT",
        "The server knows this client and forbids this; ask for the right in its access rules.",
    ),
    _reason(0x88, "Server unavailable", "CONNACK", "The server runs but serves nobody now; try later."),
    _reason(0x89, "Server busy", "CONNACK DISCONNECT", "The server has too much to do; try later."),
    _reason(
        0x8A,
        "Banned",
        "CONNACK",
        "An administrator has banned this client; only the administrator can lift that.",
    ),
    _reason(0x8B, "Server shutting down", "DISCONNECT", "The server is shutting down; connect again later."),
    _reason(
        0x8C,
        "Bad authentication method",
        "CONNACK DISCONNECT",
        "The server does not support this authentication method, or it is not the one in use.",
    ),
    _reason(
        0x8D,
        "Keep Alive timeout",
        "DISCONNECT",
        "The server heard nothing for one and a half keep alive times; the link or this process was stuck.",
    ),
    _reason(
        0x8E,
        "Session taken over",
        "DISCONNECT",
        "Another connection uses the same client id; give every client its own.",
    ),
    _reason(
        0x8F,
        "Topic Filter invalid",
        "SUBACK UNSUBACK DISCONNECT",
        "The server does not accept this topic filter; check it against the server's rules.",
    ),
    _reason(
        0x90,
        "Topic Name invalid",
        "CONNACK PUBACK PUBREC DISCONNECT",
        "The topic name is not accepted; check for wildcards, its depth and the server's rules.",
    ),
    _reason(
        0x91,
        "Packet Identifier in use",
        "PUBACK PUBREC SUBACK UNSUBACK",
        "The packet identifier is still in use; the two sides disagree about the session.",
    ),
    _reason(
        0x92,
        "Packet Identifier not found",
        "PUBREL PUBCOMP",
        "The packet identifier is unknown; one side has lost its session state.",
    ),
    _reason(
        0x93,
        "Receive Maximum exceeded",
        "DISCONNECT",
        "More messages were in flight than the receiver allows; the sender has a defect.",
    ),
    _reason(
        0x94,
        "Topic Alias invalid",
        "DISCONNECT",
        "A topic alias was zero, unknown or above the agreed maximum; the sender has a defect.",
    ),
    _reason(
        0x95,
        "Packet too large",
        "CONNACK DISCONNECT",
        "A packet was larger than the receiver allows; send less, or raise its maximum packet size.",
    ),
    _reason(
        0x96,
        "Message rate too high",
        "DISCONNECT",
        "Messages came faster than the receiver allows; publish more slowly.",
    ),
    _reason(
        0x97,
        "Quota exceeded",
        "CONNACK PUBACK PUBREC SUBACK DISCONNECT",
        "A limit set by the administrator is used up; wait, or have it raised.",
    ),
    _reason(0x98, "Administrative action", "DISCONNECT", "An administrator closed the connection."),
    _reason(
        0x99,
        "Payload format invalid",
        "CONNACK PUBACK PUBREC DISCONNECT",
        "The payload is not of the announced format; text must be UTF-8.",
    ),
    _reason(
        0x9A,
        "Retain not supported",
        "CONNACK DISCONNECT",
        "The server keeps no retained messages; publish without retain.",
    ),
    _reason(
        0x9B,
        "QoS not supported",
        "CONNACK DISCONNECT",
        "The server does not offer this QoS; use the maximum it announced.",
    ),
    _reason(
        0x9C,
        "Use another server",
        "CONNACK DISCONNECT",
        "The server asks to use another one for now; see its server reference.",
    ),
    _reason(
        0x9D,
        "Server moved",
        "CONNACK DISCONNECT",
        "The server has moved for good; change the address to its server reference.",
    ),
    _reason(
        0x9E,
        "Shared Subscriptions not supported",
        "SUBACK DISCONNECT",
        "The server offers no shared subscriptions; subscribe without $share.",
    ),
    _reason(
        0x9F,
        "Connection rate exceeded",
        "CONNACK DISCONNECT",
        "Too many connections in a short time; connect less often.",
    ),
    _reason(
        0xA0,
        "Maximum connect time",
        "DISCONNECT",
        "The time allowed for one connection is over; connect again.",
    ),
    _reason(
        0xA1,
        "Subscription Identifiers not supported",
        "SUBACK DISCONNECT",
        "The server offers no subscription identifiers; subscribe without one.",
    ),
    _reason(
        0xA2,
        "Wildcard Subscriptions not supported",
        "SUBACK DISCONNECT",
        "The server offers no wildcards; subscribe to whole topic names.",
    ),
)

REASONS = {reason.code: reason for reason in _REASONS}

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

IN_PACKET: dict[str, frozenset[int]] = {
    packet: frozenset(reason.code for reason in _REASONS if packet in reason.packets)
    for packet in sorted({packet for reason in _REASONS for packet in reason.packets})
}
"""Packet type → the reason codes it may carry."""

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
