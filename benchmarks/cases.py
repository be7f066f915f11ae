"""What is measured: the table of cases, and what the end of each one means."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal[
    "publish", "receive", "trip", "import", "idle", "queued",
    "durable", "accept", "backlog", "receipts", "ingest",
]  # fmt: skip
Server = Literal["ack", "tls", "mute", "mosquitto", "websocket", ""]

AWAITED_AT_ONCE = 100
"""Messages whose acknowledgement is awaited at the same time, in the awaited cases."""

SLOWER_MS = 5
"""What each fsync takes longer, where a slow disk is asked for."""

UNITS: dict[Kind, str] = {
    "publish": "µs CPU per message",
    "receive": "µs CPU per message",
    "trip": "ms, median of the trips",
    "import": "ms CPU of the process",
    "idle": "MB resident",
    "queued": "bytes per message",
    "durable": "µs per message",
    "accept": "ms until accepted, median",
    "backlog": "µs per message",
    "receipts": "bytes per receipt",
    "ingest": "µs per message",
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
    publishers: int = 1
    """Tasks that publish at the same time, each waiting until its message is accepted."""
    group: int = 0
    """Messages handed over in one call; 0: one by one."""
    slower_ms: int = 0
    """What each fsync of the client's process takes longer."""
    repetitions: int = 99
    """Measured in so many repetitions; fewer where one takes half a minute."""
    database: Literal["sqlite", "postgres", ""] = ""
    """Where the rows go."""
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

_FILE = ("file",)
_ACCEPTED = "from the call that publishes until the message is accepted"
_SINGLES = (
    f"{AWAITED_AT_ONCE} publishers, each waits until its message is accepted; without a file: acknowledged"
)
_GROUPS = "publishers, each waits until its group of"


def _on_disks(case: Case, fewer: int) -> tuple[Case, Case]:
    """On this disk, and on one that is slower; there with fewer messages, by who has a file only."""
    ends = f"{case.ends}; each fsync takes {SLOWER_MS} ms longer"
    slow = case._replace(name=f"{case.name}-{SLOWER_MS}ms", messages=fewer, ends=ends, needs=_FILE)
    return case, slow._replace(slower_ms=SLOWER_MS)


def _grouped(publishers: int, group: int, needs: tuple[str, ...] = ()) -> Case:
    ends = f"{publishers} {_GROUPS} {group} is accepted; without a file: in bulk"
    name = f"durable-many-{group}"
    return Case(name, "durable", ends, 50_000, publishers=publishers, group=group, needs=needs)


def _accepting(publishers: int, messages: int) -> Case:
    ends = f"{_ACCEPTED}, {publishers} in closed loop"
    return Case(f"accept-{publishers}", "accept", ends, messages, publishers=publishers, needs=_FILE)


_ON_DISK = (
    *_on_disks(
        Case("durable-publishers", "durable", _SINGLES, 30_000, awaited=True, publishers=AWAITED_AT_ONCE),
        10_000,
    ),
    *_on_disks(_grouped(2, 500), 50_000),
    *_on_disks(_grouped(4, 100, _FILE), 30_000),
    *_on_disks(_accepting(1, 2000), 200),
    *_on_disks(_accepting(AWAITED_AT_ONCE, 20_000), 10_000),
    Case(
        "backlog",
        "backlog",
        "queued in the file while there is no broker, the file opened anew, then until the client knows of "
        "the last PUBACK; the server has seen all in order; one publisher goes on meanwhile",
        1_000_000,
        needs=_FILE,
        group=500,
        repetitions=1,
    ),
    Case(
        "receipts",
        "receipts",
        "handed to a client whose server has stopped reading, the messages in the file, every receipt held",
        100_000,
        "mute",
        needs=_FILE,
    ),
)

_INTO = (
    "every message is a committed row of {}, and acknowledged behind its commit; a feeder sends through "
    "mosquitto"
)


def _into(database: Literal["sqlite", "postgres"], name: str) -> Case:
    ends = _INTO.format(name)
    return Case(
        f"ingest-{database}", "ingest", ends, 30_000, "mosquitto", database=database, needs=("table",)
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
    *_ON_DISK,
    _into("sqlite", "SQLite"),
    _into("postgres", "PostgreSQL"),
)
BY_NAME = {case.name: case for case in CASES}
