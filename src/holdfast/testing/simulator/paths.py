"""Which rare paths were reached, so that a simulator that went blind is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from holdfast.protocol import Anomaly, Closed, NotGranted, Oversize, Refused, SessionEvent, SessionLost
from holdfast.protocol.sender import TRIAL
from holdfast.testing.simulator.scenario import KILL_BORDERS

if TYPE_CHECKING:
    from holdfast.protocol import Session


class Paths(Counter[str]):
    """Hits by the name of the path."""

    def heard(self, event: SessionEvent) -> None:
        """An event of the session."""
        match event:
            case Anomaly(kind=kind):
                self[f"anomaly: {kind}"] += 1
            case Closed(by_us=by_us, reason=reason):
                self[f"closed by {'us' if by_us else 'the broker'}, 0x{reason:02X}"] += 1
            case SessionLost(uncertain=uncertain):
                self["session lost"] += 1
                self["session lost with QoS 2 in flight"] += bool(uncertain)
            case Oversize() | NotGranted() | Refused():
                self[type(event).__name__] += 1

    def connack(self, session: Session, present: bool, window: int) -> None:
        """CONNACK is about to reach the session."""
        sender, receiver = session._sender, session._receiver
        how = "resumed" if present else "begun anew"
        self[how] += 1
        self[f"{how} with released rows"] += bool(sender.released)
        self[f"{how} with sent QoS 2 rows"] += any(row.qos == 2 for _, row in sender.unproven)
        self[f"{how} with more in flight than the window"] += len(sender.unproven) > window
        self[f"{how} with rows that never left"] += any(
            packet_id not in sender._left for packet_id, _ in sender.unproven
        )
        self[f"{how} with handlers running"] += bool(receiver._running)
        self[f"{how} with inbound QoS 2 unreleased"] += bool(receiver.received)
        self[f"{how} with withheld identifiers"] += bool(sender._withheld)
        self[f"{how} with a QoS 0 row that kept its place"] += any(not entry[0] for entry in sender.unproven)


_STAGES = (
    *("released rows", "sent QoS 2 rows", "rows that never left", "more in flight than the window"),
    *("handlers running", "inbound QoS 2 unreleased", "withheld identifiers"),
    "a QoS 0 row that kept its place",
)

_OFTEN = (
    *(f"{how} with {stage}" for how in ("resumed", "begun anew") for stage in _STAGES),
    *(f"killed at {border}" for border in KILL_BORDERS),
    *(f"ended: {ending}" for ending in ("acknowledged", "sent", "failed", "expired")),
    *(f"stray {name}" for name in ("puback", "pubcomp", "pubrec", "pubrec again", "pubrel")),
    *("PUBLISH again with DUP", "PUBREC repeated on a new connection", "session lost with QoS 2 in flight"),
    *("redelivery of what is being handled", "redelivery on the same connection", "handlers abandoned"),
    *("another message under an identifier being handled", "QoS 2 handled again after a kill"),
    *("anomaly: another message under a packet identifier in use", "session lost without a word"),
    *("Oversize", "NotGranted", "Refused", "black hole", "nobody listens", "no CONNACK in time", "frozen"),
    *("topic alias of ours", "topic alias in place of a topic", "retained message", "left on purpose"),
    *("closed by us, 0x81", "closed by us, 0x82", "closed by us, 0x8D", "closed by us, 0x94"),
    *(
        "authenticated",
        "authenticated again",
        "an answer too late",
        "more in flight than our Receive Maximum",
    ),
    *("another broker", "another broker, with rows in flight", "back in a session that was left"),
    *("back, with exchanges to complete", "back, with QoS 1 that nobody answered"),
    *("back, with inbound QoS 2 unreleased", "back, and it has forgotten us"),
    "an exchange is completed that was left behind",
    *("birth said again over an older offline", "probe: ok", "probe: not_authorized"),
    *("closed by the broker, 0x8E", "killed, the commit arrived untold", f"anomaly: {TRIAL}"),
    *(f"given up for ending the link, withheld: {withheld}" for withheld in (True, False)),
)
_DISK = (
    *(
        f"disk: failed at {where}"
        for where in ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT", "connecting", "SELECT", "reading")
    ),
    *("disk: a commit that failed had happened", "an outbox that cannot be opened", "power cut"),
    *("disk: slow", "disk: error", "disk: full", "a commit failed", "refused: commits fail"),
    *("killed in the middle of a commit", "a power cut took commits", "accepted while a commit is under way"),
    *("damage to the file: nothing missing", "damage to the file: set aside", "damage to the log: mended"),
    *("damage to the log: a torn tail", "damage to the log: nothing missing"),
    *("went on after damage: mended", "went on after damage: set aside"),
    *("started in 1970", "the wall clock is set: a day ahead", "the wall clock is set: a day behind"),
    *("the wall clock is set: right", "refused: no room in the outbox", "rows read back from the file"),
    *("expired in the outbox: expiry_s", "expired in the outbox: max_age_s", "deferred", "parked"),
    *(f"dropped in the outbox: {why}" for why in ("purge", "qos0_outbox", "drop_oldest", "drop_newest")),
    *(f"dropped in the outbox: {why}" for why in ("drop_lowest_priority", "latest_per_topic")),
    *(f"request: {verb}" for verb in ("purge", "retry", "deadletter purge")),
)
_SELDOM = ("lie: PUBACK for QoS 2", "lie: PUBREC for QoS 1", "closed by us, 0x83")

MINIMUM = {**dict.fromkeys((*_OFTEN, *_DISK), 7), **dict.fromkeys(_SELDOM, 1)}
"""How often the default run of 1,000 seeds must reach each path."""


def missed(reached: Mapping[str, int]) -> list[str]:
    """The paths that were reached too seldom, each with its figures."""
    return [
        f"{path}: {reached.get(path, 0)} times, at least {least} are asked for"
        for path, least in MINIMUM.items()
        if reached.get(path, 0) < least
    ]
