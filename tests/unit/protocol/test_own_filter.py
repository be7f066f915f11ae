"""A filter of ours beside the application's: its requests, their answers, and nothing that is left."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Decoder, Packet, Suback, Subscribe, SubscribeOption, Unsuback, Version
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.own_filter import OwnFilter
from holdfast.protocol.terms import Terms
from holdfast.protocol.wire import Wire
from tests.support.driven import filters

BOTH = pytest.mark.parametrize("version", [V311, V5])


class Rig:
    """One, open under these terms, and what it writes."""

    def __init__(self, version: Version = V5, limit: int | None = None) -> None:
        self.ids = PacketIds()
        self.wire = Wire(lambda group, parts: None)
        self.wire.open(b"")
        self.one = OwnFilter(Journal(), self.wire, self.ids)
        self.one.open(Terms(version, "c", False, 0, 0, max_packet_bytes=limit))
        self.decoder = Decoder(version)

    def left(self) -> list[Packet]:
        packets: list[Packet] = []
        self.decoder.feed(self.wire.take(0), packets)
        return packets


@BOTH
def test_it_is_asked_for_at_qos_0_and_given_up(version: Version) -> None:
    """With No Local off; each answer is known as ours once, and frees its identifier."""
    rig = Rig(version)
    assert rig.one.ask("ours")
    assert rig.one.give_up("ours")
    subscribe, _unsubscribe = left = rig.left()
    assert isinstance(subscribe, Subscribe)
    assert subscribe.options == [SubscribeOption("ours", 0, no_local=False)]
    assert filters(left) == ["+ours", "-ours"]
    assert rig.one.answered(Suback(1, [0]))
    assert rig.one.answered(Unsuback(2, []))
    assert not rig.one.answered(Suback(1, [0]))
    assert rig.ids.used == set()


def test_a_packet_above_the_limit_is_not_sent() -> None:
    """[MQTT-3.2.2-15]; its identifier is free again."""
    rig = Rig(limit=12)
    assert not rig.one.ask("a long topic")
    assert not rig.one.give_up("a long topic")
    assert rig.left() == []
    assert rig.ids.used == set()


def test_a_connection_takes_its_requests_along() -> None:
    """What was not answered is forgotten; whether a SUBSCRIBE was among it is what a hang-up looks like."""
    rig = Rig()
    rig.one.give_up("ours")
    assert not rig.one.lost()
    rig.one.ask("ours")
    assert rig.one.lost()
    assert not rig.one.lost()
    assert rig.ids.used == set()
