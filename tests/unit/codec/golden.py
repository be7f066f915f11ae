"""Packets beside their bytes, put together by hand from the standard's figures."""

from __future__ import annotations

from holdfast.codec import (
    V5,
    V311,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)


def raw(text: str) -> bytes:
    """Hex with spaces; 'quoted' parts are ASCII."""
    parts = text.split("'")
    return b"".join(
        part.encode() if index % 2 else bytes.fromhex(part) for index, part in enumerate(parts) if part
    )


GOLDEN: list[tuple[str, Version, Packet, bytes]] = [
    (
        "CONNECT 3.1.1",
        V311,
        Connect("a", keepalive=60, version=V311),
        raw("10 0D 0004'MQTT' 04 02 003C 0001'a'"),
    ),
    ("CONNECT 5", V5, Connect("a", keepalive=60), raw("10 0E 0004'MQTT' 05 02 003C 00 0001'a'")),
    (
        "CONNECT 5 with everything",
        V5,
        Connect(
            "id",
            False,
            258,
            "u",
            b"p",
            Will("w", b"x", 2, True, {"will_delay_interval": 5}),
            {"session_expiry_interval": 3600, "receive_maximum": 10},
        ),
        raw(
            "10 29 0004'MQTT' 05 F4 0102 08 11 00000E10 21 000A 0002'id'"
            " 05 18 00000005 0001'w' 0001'x' 0001'u' 0001'p'"
        ),
    ),
    (
        "CONNECT 3.1.1 with everything",
        V311,
        Connect("", True, 0, "u", b"", Will("w", b"", 1), version=V311),
        raw("10 16 0004'MQTT' 04 CE 0000 0000 0001'w' 0000 0001'u' 0000"),
    ),
    ("CONNACK 3.1.1", V311, Connack(True, 0), raw("20 02 01 00")),
    ("CONNACK 3.1.1 refused", V311, Connack(False, 5), raw("20 02 00 05")),
    ("CONNACK 5", V5, Connack(False, 0), raw("20 03 00 00 00")),
    (
        "CONNACK 5 with properties",
        V5,
        Connack(True, 0, {"assigned_client_identifier": "x1", "server_keep_alive": 30, "maximum_qos": 1}),
        raw("20 0D 01 00 0A 12 0002'x1' 13 001E 24 01"),
    ),
    ("PUBLISH 3.1.1 QoS 0", V311, Publish("a/b", b"hi"), raw("30 07 0003'a/b' 'hi'")),
    ("PUBLISH 3.1.1 QoS 1", V311, Publish("a/b", b"", 1, True, True, 10), raw("3B 07 0003'a/b' 000A")),
    ("PUBLISH 5 QoS 0", V5, Publish("a/b", b"hi"), raw("30 08 0003'a/b' 00 'hi'")),
    (
        "PUBLISH 5 QoS 2",
        V5,
        Publish(
            "t", b"!", 2, packet_id=0xFFFF, properties={"topic_alias": 3, "subscription_identifier": (1, 200)}
        ),
        raw("34 0F 0001't' FFFF 08 23 0003 0B 01 0B C801 '!'"),
    ),
    (
        "PUBLISH 5 with an alias for its topic",
        V5,
        Publish("", b"", properties={"topic_alias": 1}),
        raw("30 06 0000 03 23 0001"),
    ),
    (
        "PUBLISH 5 with user properties in order",
        V5,
        Publish("t", b"", properties={"user_property": (("k", "1"), ("k", "2"))}),
        raw("30 12 0001't' 0E 26 0001'k' 0001'1' 26 0001'k' 0001'2'"),
    ),
    ("PUBLISH of 128 bytes", V311, Publish("t", b"x" * 125), raw("30 8001 0001't'") + b"x" * 125),
    ("PUBLISH of 16384 bytes", V311, Publish("t", b"x" * 16_381), raw("30 808001 0001't'") + b"x" * 16_381),
    ("PUBACK 3.1.1", V311, Puback(1), raw("40 02 0001")),
    ("PUBACK 5 short", V5, Puback(256), raw("40 02 0100")),
    ("PUBACK 5 with a reason code", V5, Puback(1, 0x97), raw("40 03 0001 97")),
    (
        "PUBREC 5 with a reason string",
        V5,
        Pubrec(2, 0x87, {"reason_string": "no"}),
        raw("50 09 0002 87 05 1F 0002'no'"),
    ),
    ("PUBREC", V311, Pubrec(2), raw("50 02 0002")),
    ("PUBREL", V311, Pubrel(3), raw("62 02 0003")),
    ("PUBREL 5 unknown", V5, Pubrel(3, 0x92), raw("62 03 0003 92")),
    ("PUBCOMP", V5, Pubcomp(4), raw("70 02 0004")),
    (
        "SUBSCRIBE 3.1.1",
        V311,
        Subscribe(10, [SubscribeOption("a/#", 1), SubscribeOption("+", 2)]),
        raw("82 0C 000A 0003'a/#' 01 0001'+' 02"),
    ),
    (
        "SUBSCRIBE 5",
        V5,
        Subscribe(10, [SubscribeOption("#", 1, True, True, 2)], {"subscription_identifier": 7}),
        raw("82 09 000A 02 0B 07 0001'#' 2D"),
    ),
    ("SUBACK 3.1.1", V311, Suback(10, [0, 1, 2, 0x80]), raw("90 06 000A 00010280")),
    ("SUBACK 5", V5, Suback(10, [1, 0x87]), raw("90 05 000A 00 0187")),
    ("UNSUBSCRIBE 3.1.1", V311, Unsubscribe(11, ["a", "b"]), raw("A2 08 000B 0001'a' 0001'b'")),
    ("UNSUBSCRIBE 5", V5, Unsubscribe(11, ["a"]), raw("A2 06 000B 00 0001'a'")),
    ("UNSUBACK 3.1.1", V311, Unsuback(11, []), raw("B0 02 000B")),
    ("UNSUBACK 5", V5, Unsuback(11, [0, 0x11]), raw("B0 05 000B 00 0011")),
    ("PINGREQ", V311, Pingreq(), raw("C0 00")),
    ("PINGRESP", V5, Pingresp(), raw("D0 00")),
    ("DISCONNECT 3.1.1", V311, Disconnect(), raw("E0 00")),
    ("DISCONNECT 5", V5, Disconnect(), raw("E0 00")),
    ("DISCONNECT 5 with will", V5, Disconnect(4), raw("E0 01 04")),
    (
        "DISCONNECT 5 with an expiry",
        V5,
        Disconnect(0, {"session_expiry_interval": 1}),
        raw("E0 07 00 05 11 00000001"),
    ),
    ("AUTH of nothing", V5, Auth(), raw("F0 00")),
    (
        "AUTH",
        V5,
        Auth(0x18, {"authentication_method": "m", "authentication_data": b"\1\2"}),
        raw("F0 0B 18 09 15 0001'm' 16 0002 0102"),
    ),
]
