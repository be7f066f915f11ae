"""Chapter 2: packet identifiers."""

from __future__ import annotations

from holdfast.codec import Puback, Publish, Suback, Subscribe, Unsubscribe, Version
from holdfast.protocol import Intent, Restored
from tests.conformance.versions import BOTH
from tests.support.driven import Driven, row


@BOTH
def test_2_2_1_3(version: Version) -> None:
    """Each new PUBLISH of QoS 1 and 2, SUBSCRIBE and UNSUBSCRIBE has an unused identifier above 0."""
    driven = Driven(version, restored=Restored(1, [(2, row(1))], [(4, row(2, 2))]))
    driven.up(True)
    in_use = {2, 4}
    for seq in range(10, 20):
        driven.session.publish([row(seq, 1), row(seq + 50, 2)], driven.now)
        driven.session.subscribe([Intent(f"a/{seq}")], driven.now)
        driven.session.unsubscribe([f"b/{seq}"], driven.now)
        for packet in driven.pump():
            assert isinstance(packet, Publish | Subscribe | Unsubscribe)
            assert packet.packet_id > 0
            assert packet.packet_id not in in_use
            in_use.add(packet.packet_id)
            if isinstance(packet, Subscribe):  # what is answered is unused again
                driven.feed(Suback(packet.packet_id, [1]))
                in_use.discard(packet.packet_id)
            elif isinstance(packet, Publish) and packet.qos == 1:
                driven.feed(Puback(packet.packet_id))
                in_use.discard(packet.packet_id)
