"""Which rare paths were reached, so that a simulator that went blind is noticed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from holdfast.protocol import Anomaly, Closed, NotGranted, Oversize, Refused, SessionEvent, SessionLost
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


MINIMUM: dict[str, int] = {f"killed at {border}": 1 for border in KILL_BORDERS}
"""How often a run of 200 seeds must reach each path."""
