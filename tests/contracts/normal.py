"""What two brokers may say differently: each row is one difference, and the reason to let it be."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from holdfast.codec import Connack, Packet, Publish
from holdfast.values import fields, replace
from tests.contracts.talk import Transcript


def _assigned_client_id(packet: Packet) -> Packet:
    if isinstance(packet, Connack) and "assigned_client_identifier" in packet.properties:
        return replace(packet, properties={**packet.properties, "assigned_client_identifier": "(assigned)"})
    return packet


def _reason_string(packet: Packet) -> Packet:
    properties = getattr(packet, "properties", None)
    if isinstance(packet, Publish) or not properties or "reason_string" not in properties:
        return packet
    told = copy(packet)
    told.properties = {name: value for name, value in properties.items() if name != "reason_string"}  # type: ignore[union-attr]  # it has properties
    return told


NORMALISED: dict[str, Callable[[Packet], Packet]] = {
    "assigned client identifier: any free name will do (MQTT 5 §3.2.2.3.7)": _assigned_client_id,
    "reason string: for people (MQTT 5 §3.2.2.3.9)": _reason_string,
}
"""The whole list; the order of properties is none, because they are compared as mappings."""


def normal(transcript: Transcript) -> list[str]:
    """The transcript after every row, a line for each packet."""
    return [
        f"{name} heard {_line(_normal(packet))}" for name, heard in transcript.items() for packet in heard
    ]


def _line(packet: Any) -> str:
    """What the packet holds, its properties in one order."""
    if isinstance(packet, str):
        return packet
    values = fields(packet)
    if "properties" in values:
        values["properties"] = dict(sorted(values["properties"].items()))
    return f"{type(packet).__name__} {values}"


def _normal(packet: Packet | str) -> Packet | str:
    if not isinstance(packet, str):
        for apply in NORMALISED.values():
            packet = apply(packet)
    return packet
