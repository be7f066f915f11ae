"""Where the client stands, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from holdfast.client.probing import ProbeStatus
from holdfast.outbox import Ledger
from holdfast.values import Frozen

if TYPE_CHECKING:
    from holdfast.resilience.breaker import Breaker

NONE: Mapping[float, int] = MappingProxyType({})


class Status(StrEnum):
    """The state of the link, as its one owner sees it."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    DRAINING = "draining"
    FAILED = "failed"


class Snapshot(Frozen):
    """Everything that health, metrics and dashboards know, at one moment.

    ``broker``: the URL of the one that the client is with, or dials, without user and password.
    ``attempts``: connection attempts that failed since the last connection.
    ``breaker``: whether ``require_link()`` passes ("closed") or refuses; "half_open": it refuses, and an
    attempt is under way.
    ``session_losses``: how often the broker forgot a session it was asked to keep. ``outbox_error``:
    why the outbox file cannot be written at present.
    ``cause`` and ``hint``: why there is no connection, in a word and a sentence.
    ``disconnections``: lost connections by cause. ``received``, ``handled``, ``errors``:
    messages that came, whose handling ended, and how often a handler raised; ``dead``: messages that their
    handlers gave up (dead letters); ``held``: messages that are acknowledged and wait in the outbox file for
    their handlers; ``head_of_line_s``: how long ago the message came whose acknowledgement all others wait
    for. ``given_up``: unsent messages
    that were expired or dropped in this process, by reason. ``parked``: pending messages that cannot
    go to this broker as it is. ``dropped_inbound``:
    QoS 0 messages for which there was no room. ``last_in_s``, ``last_out_s``: seconds since
    bytes came or left. ``probe`` (``Client(probe_s=...)``): "off", "waiting" (for a first answer on this
    connection), "ok", "missed" (two in a row) or "not_authorized". ``round_trip_s``: what the last answer
    on this connection took; None: unknown. ``round_trips``: how many took so many seconds at most, and more
    than the bound before. ``refused``: filters that the broker has refused; it is asked again. ``silent``:
    how many sources are (``on(expect_every_s=...)``); ``silent_topics``: a hundred of them at most.
    ``repeats``: messages that repeated one that was handled (``on(dedupe=...)``).
    """

    __match_args__ = (
        "status",
        "cause",
        "hint",
        "broker",
        "version",
        "connected_since",
        "attempts",
        "last_attempt_at",
        "breaker",
        "ledger",
        "connections",
        "disconnections",
        "reconnections",
        "session_losses",
        "outbox_error",
        "received",
        "handled",
        "errors",
        "dead",
        "held",
        "head_of_line_s",
        "given_up",
        "parked",
        "dropped_inbound",
        "last_in_s",
        "last_out_s",
        "probe",
        "round_trip_s",
        "round_trips",
        "refused",
        "silent",
        "silent_topics",
        "repeats",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        *,
        status: Status,
        cause: str | None,
        hint: str | None,
        broker: str,
        version: Literal["5", "3.1.1"] | None,
        connected_since: datetime | None,
        attempts: int,
        last_attempt_at: datetime | None,
        breaker: Breaker,
        ledger: Ledger,
        connections: int,
        disconnections: Mapping[str, int],
        reconnections: int,
        session_losses: int,
        outbox_error: str | None,
        received: int,
        handled: int,
        errors: int,
        dead: int,
        held: int,
        head_of_line_s: float,
        given_up: Mapping[str, int],
        parked: int,
        dropped_inbound: int,
        last_in_s: float | None,
        last_out_s: float | None,
        probe: ProbeStatus = "off",
        round_trip_s: float | None = None,
        round_trips: Mapping[float, int] = NONE,
        refused: tuple[str, ...] = (),
        silent: int = 0,
        silent_topics: tuple[str, ...] = (),
        repeats: int = 0,
    ) -> None:
        self.status = status
        self.cause = cause
        self.hint = hint
        self.broker = broker
        self.version = version
        self.connected_since = connected_since
        self.attempts = attempts
        self.last_attempt_at = last_attempt_at
        self.breaker: Breaker = breaker
        self.ledger = ledger
        self.connections = connections
        self.disconnections = disconnections
        self.reconnections = reconnections
        self.session_losses = session_losses
        self.outbox_error = outbox_error
        self.received = received
        self.handled = handled
        self.errors = errors
        self.dead = dead
        self.held = held
        self.head_of_line_s = head_of_line_s
        self.given_up = given_up
        self.parked = parked
        self.dropped_inbound = dropped_inbound
        self.last_in_s = last_in_s
        self.last_out_s = last_out_s
        self.probe: ProbeStatus = probe
        self.round_trip_s = round_trip_s
        self.round_trips = round_trips
        self.refused = refused
        self.silent = silent
        self.silent_topics = silent_topics
        self.repeats = repeats
