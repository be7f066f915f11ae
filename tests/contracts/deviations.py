"""Where mosquitto 2.0.11 departs from the standard, or takes a liberty that the model broker does not take.

Each row names the clause and the exact lines that only one of the two hears; nothing else may differ. A
mosquitto that no longer departs passes too.
"""

from __future__ import annotations

from difflib import ndiff
from typing import NamedTuple


class Deviation(NamedTuple):
    """``ours``: lines that only the model broker's clients hear; ``theirs``: only mosquitto's."""

    why: str
    ours: list[str] = []  # noqa: RUF012  # a NamedTuple's default, never changed
    theirs: list[str] = []  # noqa: RUF012


def _disconnect(name: str, reason: int) -> str:
    return f"{name} heard Disconnect {{'reason': {reason}, 'properties': {{}}}}"


_SHARED_RETAINED = Deviation(
    "mosquitto sends retained messages to shared subscriptions (MQTT 5 §4.8.2)",
    theirs=[
        "p heard Publish {'topic': 's/r', 'payload': b'kept', 'qos': 0, 'retain': True, 'dup': False, "
        "'packet_id': 0, 'properties': {}}"
    ],
)

DEVIATIONS: dict[tuple[str, int], Deviation] = {
    ("take_over", 5): Deviation(
        "mosquitto closes the old connection of a kept session without DISCONNECT 0x8E [MQTT-3.1.4-3]",
        ours=[_disconnect("old", 0x8E)],
    ),
    ("shared_gets_no_retained", 4): _SHARED_RETAINED,
    ("shared_gets_no_retained", 5): _SHARED_RETAINED,
    ("second_connect", 5): Deviation(
        "mosquitto closes without a DISCONNECT, which the standard leaves open (MQTT 5 §4.13)",
        ours=[_disconnect("a", 0x82)],
    ),
    ("publish_to_wildcard", 5): Deviation(
        "mosquitto calls it a protocol error; the standard has a reason of its own, 0x90",
        ours=[_disconnect("a", 0x90)],
        theirs=[_disconnect("a", 0x82)],
    ),
    ("receive_maximum_of_broker", 5): Deviation(
        "mosquitto refuses what exceeds its Receive Maximum, 0x97, and goes on (MQTT 5 §3.3.4: 0x93)",
        ours=[_disconnect("a", 0x93), "a heard closed"],
        theirs=["a heard Pubrec {'packet_id': 21, 'reason': 151, 'properties': {}}"],
    ),
}


def differences(ours: list[str], theirs: list[str]) -> tuple[list[str], list[str]]:
    """The lines that only one of the two transcripts has, or has elsewhere."""
    lines = list(ndiff(ours, theirs))
    return [line[2:] for line in lines if line[0] == "-"], [line[2:] for line in lines if line[0] == "+"]
