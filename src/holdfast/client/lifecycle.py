"""The states of a client's link, as one flat table: what may happen in each, and where it leads.

A step that a state does not have cannot happen there. From DRAINING on only the end of the stop leads
anywhere: what the link does meanwhile is no news. FAILED is where a finite number of attempts ends; a client
that is stopped there can be started again like every other.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from holdfast.client.status import Status


class Step(StrEnum):
    """What happens to the link."""

    DIAL = "an attempt begins"
    ACCEPT = "CONNACK accepts us"
    FAIL = "the attempt fails"
    GIVE_UP = "no attempt is left"
    LOSE = "the connection ends"
    STOP = "stop()"
    END = "stopped"


TRANSITIONS: Mapping[Status, Mapping[Step, Status]] = {
    Status.DISCONNECTED: {
        Step.DIAL: Status.CONNECTING,
        Step.GIVE_UP: Status.FAILED,
        Step.STOP: Status.DRAINING,
    },
    Status.CONNECTING: {
        Step.DIAL: Status.CONNECTING,
        Step.FAIL: Status.CONNECTING,
        Step.ACCEPT: Status.CONNECTED,
        Step.GIVE_UP: Status.FAILED,
        Step.STOP: Status.DRAINING,
    },
    Status.CONNECTED: {
        Step.LOSE: Status.RECONNECTING,
        Step.STOP: Status.DRAINING,
    },
    Status.RECONNECTING: {
        Step.DIAL: Status.RECONNECTING,
        Step.FAIL: Status.RECONNECTING,
        Step.ACCEPT: Status.CONNECTED,
        Step.GIVE_UP: Status.FAILED,
        Step.STOP: Status.DRAINING,
    },
    Status.DRAINING: {
        Step.DIAL: Status.DRAINING,
        Step.FAIL: Status.DRAINING,
        Step.ACCEPT: Status.DRAINING,
        Step.GIVE_UP: Status.DRAINING,
        Step.LOSE: Status.DRAINING,
        Step.END: Status.DISCONNECTED,
    },
    Status.FAILED: {
        Step.GIVE_UP: Status.FAILED,
        Step.STOP: Status.DRAINING,
    },
}


def diagram() -> str:
    """The table as a diagram in Mermaid's language, without what leads nowhere."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.DISCONNECTED}"]
    for state, steps in TRANSITIONS.items():
        for step, to in steps.items():
            if to is not state:
                lines.append(f"    {state} --> {to}: {step}")
    return "\n".join(lines)
