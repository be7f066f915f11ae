"""The session against a broker that sends anything at any time: nothing is lost, nothing ends twice."""

from __future__ import annotations

from random import Random

import pytest

from holdfast.codec import (
    V5,
    V311,
    Connack,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
    Version,
)
from holdfast.messages import QoS
from holdfast.protocol import Closed, Failed, Intent, LinkState
from tests.support.driven import Driven, incoming, row

BOTH = pytest.mark.parametrize("version", [V311, V5])
EACH_QOS: tuple[QoS, ...] = (0, 1, 2)
LIMITS: tuple[dict[str, int], ...] = (
    {},
    {"receive_maximum": 1},
    {"receive_maximum": 9},
    {"maximum_qos": 0},
    {"maximum_qos": 1},
    {"maximum_packet_size": 20},
)


class Chaos:
    """One run: a driver that does legal things, a broker that does not care."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.driven = Driven(
            self.rng.choice((V311, V5)),
            inflight=self.rng.choice((1, 3, 1000)),
            session_expiry_s=self.rng.choice((0, 3600)),
            receive_maximum=self.rng.choice((1, 3, 100)),
            max_packet_bytes=self.rng.choice((40, 1 << 20)),
        )
        self.accepted = 0

    def step(self) -> None:
        """Something happens."""
        driven, link = self.driven, self.driven.session.link.value
        driven.durable = self.rng.random() < 0.7
        if link == "down":
            driven.connect()
        elif link == "closing" or self.rng.random() < 0.05:
            driven.lost()
        elif link == "connecting":
            kept = self.rng.random() < 0.6 and driven.request["session_expiry_s"] > 0
            driven.feed(Connack(kept, 0, self.rng.choice(LIMITS) if driven.version == V5 else {}))
        else:
            self.rng.choice((self.publish, self.wish, self.handle, self.wait, self.noise, self.noise))()

    def publish(self) -> None:
        rows = []
        for _ in range(min(self.driven.session.room(), self.rng.randrange(4))):
            self.accepted += 1
            expires_at = self.rng.choice((None, self.driven.now + self.rng.random() * 30))
            topic = "t" * self.rng.choice((1, 30))
            rows.append(row(self.accepted, self.rng.choice(EACH_QOS), topic=topic, expires_at=expires_at))
        self.driven.publish(*rows)

    def wish(self) -> None:
        self.driven.subscribe(Intent(self.rng.choice("abc")))
        self.driven.unsubscribe(self.rng.choice("abc"))

    def handle(self) -> None:
        some = self.rng.sample(self.driven.deliveries, min(3, len(self.driven.deliveries)))
        self.driven.ack(*some)

    def wait(self) -> None:
        self.driven.later(self.rng.random() * 40)
        self.driven.commit()

    def noise(self) -> None:
        """One packet, or several of a kind in one piece: runs of known, unknown and repeated identifiers."""
        if self.rng.random() < 0.1:
            self.driven.feed(self.seldom())
            return
        kind = self.rng.randrange(6)
        self.driven.feed(*[self.often(kind) for _ in range(self.rng.choice((1, 1, 2, 5)))])

    def often(self, kind: int) -> Packet:
        packet_id, dup = self.rng.randrange(1, 12), self.rng.random() < 0.5
        reason = self.rng.choice((0, 0, 0, 0x97)) if self.driven.version == V5 else 0
        packets: list[Packet] = [
            Puback(packet_id, reason),
            Pubrec(packet_id, reason),
            Pubrel(packet_id),
            Pubcomp(packet_id),
            incoming(packet_id, 1, dup=dup),
            incoming(packet_id, 2, self.rng.choice((b"m", b"n" * 50)), dup=dup),
        ]
        return packets[kind]

    def seldom(self) -> Packet:
        packet_id = self.rng.randrange(1, 12)
        packets: list[Packet] = [
            Suback(packet_id, [0x80]),
            Unsuback(packet_id, [0] if self.driven.version == V5 else []),
            Pingresp(),
            Disconnect(),
            Publish("t", b"m", properties={"topic_alias": 99}),
        ]
        return self.rng.choice(packets)

    def heal(self) -> None:
        """A new session with a broker that behaves, until nothing is left to do."""
        driven = self.driven
        driven.durable = True
        driven.lost()
        left = driven.up(False)
        for _ in range(1000):
            answers = [answer for packet in left for answer in _answer(packet)]
            if not answers and driven.session.ready:
                return
            left = driven.feed(*answers) if answers else driven.later(1)

    def endings(self) -> list[int]:
        """The sequence numbers of all rows that ended, as often as they did."""
        seqs = [seq for ended, _ in self.driven.endings() for seq in ended]
        return sorted(seqs + [record.row.seq for record in self.driven.told(Failed)])


def _answer(packet: Packet) -> list[Packet]:
    if isinstance(packet, Publish) and packet.qos:
        return [Puback(packet.packet_id) if packet.qos == 1 else Pubrec(packet.packet_id)]
    if isinstance(packet, Pingreq):
        return [Pingresp()]
    return [Pubcomp(packet.packet_id)] if isinstance(packet, Pubrel) else []


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_every_row_ends_exactly_once(first: int) -> None:
    """No exception leaves the core; once the broker behaves, accepted = ended (promise 2)."""
    for seed in range(first, first + 50):
        chaos = Chaos(seed)
        for _ in range(150):
            chaos.step()
        chaos.heal()
        assert chaos.accepted > 0, seed
        assert chaos.endings() == list(range(1, chaos.accepted + 1)), seed


@BOTH
@pytest.mark.parametrize(
    ("packet", "name"),
    [(incoming(1), "PUBLISH"), (Puback(1), "PUBACK"), (Pubrel(1), "PUBREL"), (Suback(1, [0]), "SUBACK")],
)
def test_packets_before_connack(version: Version, packet: Packet, name: str) -> None:
    """CONNACK is the first packet [MQTT-3.2.0-1]; the other is called by the standard's name."""
    driven = Driven(version)
    driven.connect()
    assert driven.feed(packet) == []
    assert [one.detail for one in driven.told(Closed)] == [f"{name} from the broker while connecting"]
    assert driven.session.link is LinkState.CLOSING
