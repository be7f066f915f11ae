"""What is measured: the table of cases, and what the end of each one means."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["publish", "receive", "trip", "import", "idle", "queued"]
Server = Literal["ack", "tls", "mute", "mosquitto", "websocket", ""]

AWAITED_AT_ONCE = 100
"""Messages whose acknowledgement is awaited at the same time, in the awaited cases."""

UNITS: dict[Kind, str] = {
    "publish": "µs CPU per message",
    "receive": "µs CPU per message",
    "trip": "ms, median of the trips",
    "import": "ms CPU of the process",
    "idle": "MB resident",
    "queued": "bytes per message",
}
"""What the figure of a case is."""


class Case(NamedTuple):
    name: str
    kind: Kind
    ends: str
    """The moment at which the clock of the client stops, or what is weighed and when."""
    messages: int
    server: Server = "ack"
    qos: Literal[0, 1, 2] = 1
    awaited: bool = False
    payload_bytes: int = 64
    filters: int = 1
    """Filters subscribed to; the messages go round over their topics."""
    per_s: int = 0
    """The rate of a round trip."""
    needs: tuple[str, ...] = ()
    """What a client must have to take part; contestants say what they lack, and why."""


_HAD_AND_ACKED = "the handler has had every message and the server every PUBACK"
_HAD = "the handler has had every message; all but those just in flight are acknowledged by then"
_PUBLISHED = "handed over as fast as the client takes them; the client knows of the last PUBACK"

_MAIN = (
    Case("publish-qos1-bulk", "publish", _PUBLISHED, 50_000),
    Case(
        "publish-qos1-awaited",
        "publish",
        f"{AWAITED_AT_ONCE} PUBACKs awaited at a time; the client knows of the last one",
        30_000,
        awaited=True,
    ),
    Case(
        "publish-qos2-bulk",
        "publish",
        "as publish-qos1-bulk; the client knows of the last PUBCOMP",
        40_000,
        qos=2,
        needs=("qos2",),
    ),
    Case(
        "publish-qos2-awaited",
        "publish",
        f"{AWAITED_AT_ONCE} PUBCOMPs awaited at a time; the client knows of the last one",
        20_000,
        qos=2,
        awaited=True,
        needs=("qos2",),
    ),
    Case(
        "publish-qos0",
        "publish",
        "one QoS 1 message sent after all of them is acknowledged: they have left the process",
        50_000,
        qos=0,
    ),
    Case("receive-qos0", "receive", "the handler has had every message", 50_000, qos=0),
    Case("receive-qos1", "receive", _HAD_AND_ACKED, 50_000),
    Case(
        "receive-qos2",
        "receive",
        "the handler has had every message and the server every PUBCOMP",
        40_000,
        qos=2,
        needs=("qos2",),
    ),
)

_THROUGH_MOSQUITTO = (
    Case("receive-qos1-mosquitto", "receive", _HAD, 30_000, "mosquitto"),
    Case("receive-qos0-mosquitto", "receive", "the handler has had every message", 30_000, "mosquitto", 0),
    Case("receive-qos2-mosquitto", "receive", _HAD, 15_000, "mosquitto", 2, needs=("qos2",)),
    Case("publish-qos1-mosquitto", "publish", _PUBLISHED, 30_000, "mosquitto"),
)


def _sized(size: int, messages: int) -> tuple[Case, Case]:
    needs = ("speed",)
    return (
        Case(f"publish-qos1-{size}", "publish", _PUBLISHED, messages, payload_bytes=size, needs=needs),
        Case(f"receive-qos1-{size}", "receive", _HAD_AND_ACKED, messages, payload_bytes=size, needs=needs),
    )


def _filtered(filters: int) -> Case:
    name = f"receive-qos1-filters-{filters}"
    return Case(name, "receive", _HAD_AND_ACKED, 30_000, filters=filters, needs=("speed",))


_ELSEWHERE = (
    Case("publish-qos1-tls", "publish", _PUBLISHED, 30_000, "tls"),
    Case("receive-qos1-tls", "receive", _HAD_AND_ACKED, 30_000, "tls"),
    Case("publish-qos1-websocket", "publish", _PUBLISHED, 20_000, "websocket", needs=("websocket",)),
    Case("receive-qos1-websocket", "receive", _HAD, 20_000, "websocket", needs=("websocket",)),
)

_TRIP = "from the call that publishes to the handler of the same client, QoS 1 through mosquitto"

_TRIPS = (
    Case("trip-500", "trip", f"{_TRIP}, 500 messages a second", 750, "mosquitto", per_s=500),
    Case("trip-20", "trip", f"{_TRIP}, 20 messages a second", 40, "mosquitto", per_s=20),
)

_STANDING = (
    Case("import", "import", "the process that does nothing but this import has ended", 0, ""),
    Case("idle", "idle", "half a second after the CONNACK", 0, "mute"),
    Case(
        "queued",
        "queued",
        "QoS 1, handed to a client whose server has stopped reading; what it has grown by",
        20_000,
        "mute",
        needs=("queue",),
    ),
)

CASES = (
    *_MAIN,
    *_THROUGH_MOSQUITTO,
    *_sized(16, 50_000),
    *_sized(1024, 50_000),
    *_sized(65_536, 2000),
    *map(_filtered, (100, 10_000)),
    *_ELSEWHERE,
    *_TRIPS,
    *_STANDING,
)
BY_NAME = {case.name: case for case in CASES}
