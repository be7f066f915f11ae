"""One life to live, drawn from the seed: versions, limits, habits, weather and disasters."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from holdfast.codec import V5, V311, Version
from holdfast.messages import QoS
from holdfast.testing.model import BrokerLimits
from holdfast.testing.simulator.network import Weather

CLIENT_ID = "simulated"

ALMOST_BYTES = 125
"""A packet limit that some of our messages meet exactly, and would pass with an alias in them."""

TOO_BIG_BYTES = 250
"""Payloads of this size are above the packet limit that some seeds draw."""

ForwardAt = Literal["PUBLISH", "PUBREL"]
Retained = Literal["always", "new", "never"]
Wish = tuple[QoS, Retained]
"""What the application wants of a subscription: QoS and retained messages."""

FILTERS = ("in/0/#", "in/1/+", "in/2/x", "$share/g/in/3/#", "in/+/deep/#")
"""The subscriptions a client may want: no two match the same topic, so each message comes once."""

OUR_TOPICS = ("out/a", "out/of/here/b", "out/of/here/c", "out/of/here/d")
"""What we publish to, in turns: one too short for an alias, and one topic more than there are aliases."""

OUR_ALIASES = 2

TOPICS = ("in/0/a", "in/0/b/c", "in/1/a", "in/2/x", "in/3/a", "in/7/deep/a")
"""What others publish to: each matches one filter."""

KILL_BORDERS = (
    *("accepted", "received", "drained", "handed", "committed", "allowed", "encoded", "written"),
    *("delivered", "handled", "acked"),
)
"""Where a process can die: around every persist, every send and every callback."""

ACTIONS = {
    "publish": 34,
    "incoming": 26,
    "retained": 4,
    "subscribe": 8,
    "unsubscribe": 3,
    "idle": 4,
    "pause": 2,
    "cut": 5,
    "hole": 3,
    "kill": 5,
    "freeze": 1,
    "broker_restart": 3,
    "broker_forgets": 2,
    "broker_rolls_back": 3,
    "broker_away": 1,
    "broker_refuses": 1,
    "takeover": 1,
    "leave": 1,
    "broker_rejects": 2,
    "amnesia": 1,
    "repeat": 3,
    "stray": 3,
    "lie": 1,
    "overfill": 1,
    "request": 1,
    "clock": 1,
    "disk_slow": 2,
    "disk_errs": 2,
    "disk_full": 2,
}
"""What may happen at a turn, and how often: weights before the seed stretches them."""


@dataclass
class Scenario:
    """What stays the same through one seed."""

    version: Version
    session_expiry_s: int
    keepalive_s: int
    inflight: int
    receive_maximum: int
    max_packet_bytes: int
    topic_alias_maximum: int
    aliases: bool
    repeats_pubrec: bool
    rolls_back: bool
    commit_s: float
    inline_commit: bool
    handler_s: float
    stuck: float
    expiring: float
    turn_s: float
    weather: Weather
    weights: list[int]
    limits: BrokerLimits
    forward_at: ForwardAt
    wanted: dict[str, Wish]
    qos_weights: tuple[int, int, int]
    names: list[str] = field(default_factory=lambda: list(ACTIONS))

    @classmethod
    def draw(cls, rng: Random) -> Scenario:
        """Read one from the dice."""
        version = rng.choice((V5, V5, V311))
        forward_at: ForwardAt = rng.choice(("PUBLISH", "PUBREL"))
        return cls(
            version=version,
            session_expiry_s=rng.choice((3600, 3600, 3600, 3600, 0)),
            keepalive_s=rng.choice((0, 2, 5, 20)),
            inflight=rng.choice((1, 2, 5, 20, 1000)),
            receive_maximum=rng.choice((1, 2, 5, 20)),
            max_packet_bytes=rng.choice((220, 16 << 20)),
            topic_alias_maximum=rng.choice((0, 2, 16)),
            aliases=version == V5 and rng.random() < 0.3,
            repeats_pubrec=rng.random() < 0.3,
            rolls_back=rng.random() < 0.15,
            commit_s=rng.choice((0.0, 0.002, 0.02, 0.2)),
            inline_commit=rng.random() < 0.15,
            handler_s=rng.choice((0.0, 0.01, 0.1, 1.0)),
            stuck=rng.choice((0.0, 0.0, 0.05)),
            expiring=rng.choice((0.0, 0.2)),
            turn_s=rng.choice((0.01, 0.05, 0.2)),
            weather=_weather(rng),
            weights=_weights(rng),
            limits=draw_limits(rng, version, forward_at),
            forward_at=forward_at,
            wanted={filter: (2, "always") for filter in FILTERS if rng.random() < 0.5},
            qos_weights=rng.choice(((1, 1, 1), (1, 4, 4), (0, 1, 0), (0, 0, 1), (1, 6, 1))),
        )

    def describe(self) -> dict[str, Any]:
        """For the head of a trace: everything but the weights."""
        hidden = ("weights", "names", "weather")
        return {name: value for name, value in vars(self).items() if name not in hidden}


def _weather(rng: Random) -> Weather:
    latency_s = rng.choice((0.0005, 0.005, 0.05))
    return Weather(
        latency_s, latency_s * rng.choice((0, 1, 5)), rng.choice((1, 1, 2, 5)), rng.choice((0.0, 0.1))
    )


def _weights(rng: Random) -> list[int]:
    """Swarm testing: every action is common, usual or absent, but something must be published."""
    weights = [weight * rng.choice((0, 1, 1, 3)) for weight in ACTIONS.values()]
    weights[0] = max(weights[0], 20)
    return weights


def draw_limits(rng: Random, version: Version, forward_at: ForwardAt) -> BrokerLimits:
    """The broker's limits until its next restart; 3.1.1 has none to say."""
    if version == V311 or rng.random() < 0.3:
        return BrokerLimits(max_inflight=rng.choice((2, 20)), forward_at=forward_at)
    return BrokerLimits(
        forward_at=forward_at,
        receive_maximum=rng.choice((None, 1, 2, 4, 10)),
        max_packet_bytes=rng.choice((None, None, ALMOST_BYTES, 400)),
        maximum_qos=rng.choice((2, 2, 2, 2, 2, 1, 0)),
        retain_available=rng.random() < 0.8,
        shared_available=rng.random() < 0.8,
        server_keep_alive=rng.choice((None, None, 3)),
        max_inflight=rng.choice((2, 20)),
    )
