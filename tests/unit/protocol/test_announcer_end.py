"""How a connection ends on purpose that began with a birth (contract 22)."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, Disconnect, Puback, Unsubscribe, Version, Will
from holdfast.messages import QoS
from tests.support.driven import Driven, sent
from tests.unit.protocol.test_announcer import BOTH, WILL, born


def disconnected(driven: Driven) -> list[str]:
    """How the connection is ended on purpose: what leaves, but for the watch."""
    driven.session.disconnect(0.0)
    left = [one for one in driven.pump() if not isinstance(one, Unsubscribe)]
    return [f"DISCONNECT 0x{one.reason:02X}" for one in left if isinstance(one, Disconnect)]


@BOTH
@pytest.mark.parametrize("qos", [0, 1])
def test_a_clean_end_follows_a_notice_that_left(version: Version, qos: QoS) -> None:
    """Answered or not, the broker reads it before DISCONNECT; a plain will is none of our business."""
    driven, _ = born(version, Will("status", b"offline", qos))
    driven.session.farewell(b"gone", 0.0)
    driven.pump()
    assert disconnected(driven) == ["DISCONNECT 0x00"]
    driven = Driven(version, will=WILL)
    driven.up()
    assert disconnected(driven) == ["DISCONNECT 0x00"]


@BOTH
def test_without_a_notice_the_will_is_asked_for(version: Version) -> None:
    """A clean DISCONNECT would leave "online" standing; 3.1.1 has no other way to ask than silence."""
    asks = ["DISCONNECT 0x04"] if version == V5 else []
    driven, _ = born(version)
    assert disconnected(driven) == asks
    assert disconnected(driven) == []
    driven.again(True)
    assert disconnected(driven) == asks


def test_a_notice_that_is_refused_is_none() -> None:
    """By the broker, or by what it takes at most; what it takes from the will is its own affair."""
    driven, _ = born()
    driven.session.farewell(b"gone", 0.0)
    (left,) = sent(driven.pump())
    driven.feed(Puback(left.packet_id, 0x87))
    assert disconnected(driven) == ["DISCONNECT 0x04"]
    driven, _ = born(maximum_packet_size=200)
    driven.session.farewell(b"x" * 200, 0.0)
    assert sent(driven.pump()) == []
    assert disconnected(driven) == ["DISCONNECT 0x04"]
