"""A session that probes, and the broker's answers to it."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Packet, Publish, Suback, Subscribe, Version
from holdfast.protocol import Probed
from tests.support.driven import Driven, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])

TOPIC = "holdfast/probe/c"
P = 10.0


def probing(version: Version = V5, **options: Any) -> tuple[Driven, list[Packet]]:
    """A session that probes every ten seconds, before SUBACK; and what left."""
    options = {"probe_s": P, "probe_nonce": "n", "keepalive_s": 0, **options}
    driven = Driven(version, **options)
    return driven, driven.up()


def granted(version: Version = V5, **options: Any) -> tuple[Driven, Publish]:
    """The same with its subscription, and the first question."""
    driven, left = probing(version, **options)
    (question,) = sent(subscribed(driven, left))
    return driven, question


def subscribed(driven: Driven, left: list[Packet], reason: int = 0) -> list[Packet]:
    """SUBACK for the SUBSCRIBE that left; gives what leaves then."""
    (subscribe,) = [one for one in left if isinstance(one, Subscribe)]
    return driven.feed(Suback(subscribe.packet_id, [reason]))


def states(driven: Driven) -> list[tuple[str, float | None]]:
    return [(event.state, event.round_trip_s) for event in driven.told(Probed)]
