"""Where the client stands, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from holdfast.outbox import Ledger
from holdfast.values import Frozen


class Status(StrEnum):
    """The state of the link, as its one owner sees it."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(kw_only=True, slots=True, eq=False, repr=False)
class Snapshot(Frozen):
    """Everything that health, metrics and dashboards know, at one moment.

    ``attempts``: connection attempts that failed since the last connection.
    ``cause`` and ``hint``: why there is no connection, in a word and a sentence.
    ``disconnections``: lost connections by cause. ``received``, ``handled``, ``errors``:
    messages that came, whose handling ended, and whose handler failed. ``dropped_inbound``:
    QoS 0 messages for which there was no room. ``last_in_s``, ``last_out_s``: seconds since
    bytes came or left.
    """

    status: Status
    cause: str | None
    hint: str | None
    broker: str
    version: Literal["5", "3.1.1"] | None
    connected_since: datetime | None
    attempts: int
    last_attempt_at: datetime | None
    ledger: Ledger
    connections: int
    disconnections: Mapping[str, int]
    reconnections: int
    received: int
    handled: int
    errors: int
    dropped_inbound: int
    last_in_s: float | None
    last_out_s: float | None
