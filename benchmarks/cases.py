"""What is measured: the table of cases, what the end of each one means, and the budgets between clients."""

from __future__ import annotations

from typing import Literal, NamedTuple

Direction = Literal["publish", "receive"]

AWAITED_AT_ONCE = 100
"""Messages whose acknowledgement is awaited at the same time, in the awaited cases."""


class Case(NamedTuple):
    name: str
    direction: Direction
    qos: Literal[0, 1, 2]
    awaited: bool
    ends: str
    """The moment at which the clock of the client stops."""


CASES = (
    Case(
        "publish-qos1-bulk",
        "publish",
        1,
        False,
        "handed over as fast as the client takes them; ends when the client knows of the last PUBACK",
    ),
    Case(
        "publish-qos1-awaited",
        "publish",
        1,
        True,
        f"{AWAITED_AT_ONCE} PUBACKs awaited at a time; ends when the client knows of the last one",
    ),
    Case(
        "receive-qos1",
        "receive",
        1,
        False,
        "ends when the handler has had every message and the server has had every PUBACK",
    ),
    Case(
        "publish-qos0",
        "publish",
        0,
        False,
        "ends when one QoS 1 message sent after all of them is acknowledged: they have left the process",
    ),
    Case(
        "receive-qos0",
        "receive",
        0,
        False,
        "ends when the handler has had every message",
    ),
    Case(
        "publish-qos2-bulk",
        "publish",
        2,
        False,
        "as publish-qos1-bulk; ends when the client knows of the last PUBCOMP",
    ),
    Case(
        "receive-qos2",
        "receive",
        2,
        False,
        "ends when the handler has had every message and the server has had every PUBCOMP",
    ),
)
BY_NAME = {case.name: case for case in CASES}
QUICK = ("publish-qos1-bulk", "publish-qos1-awaited", "receive-qos1")


class Budget(NamedTuple):
    """Client CPU per message of `client`, at most `most` times that of `peer` in the same run."""

    case: str
    client: str
    peer: str
    most: float


BUDGETS = (
    Budget("publish-qos1-bulk", "holdfast", "gmqtt", 0.25),
    Budget("receive-qos1", "holdfast", "gmqtt", 0.5),
)
