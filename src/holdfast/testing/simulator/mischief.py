"""What odd and lying brokers send: packets that no model broker would, put in between two others.

Odd ones are legal enough to go on with; a lie must end the link (MQTT 5 §4.13).
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from holdfast.codec import (
    V5,
    Connack,
    Packet,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Suback,
    encode,
)
from holdfast.codec.packet_types import PUBREC, PUBREL
from holdfast.protocol import LinkState
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.scenario import CLIENT_ID

if TYPE_CHECKING:
    from holdfast.testing.simulator.process import Process
    from holdfast.testing.simulator.world import World

STRANGER = 60_000
"""From here on nobody uses a packet identifier."""


class Mischief:
    """Each method does one odd thing, if the moment allows it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng
        self._strangers = cycle(range(STRANGER, STRANGER + 5_000))

    def _between_packets(self) -> Process | None:
        """The process, if its link is up and no half packet is on its way."""
        process = self._world.process
        if process is None or process.link is None or process.session.link is not LinkState.UP:
            return None
        if not process.link.idle() or process.paused() or process.frozen_until > self._world.now:
            return None
        return process

    def _inject(self, process: Process, data: bytes) -> None:
        assert process.link is not None
        process.arrive(process.link, data)

    # -- odd -----------------------------------------------------------------------------------

    def repeat(self) -> None:
        """A message again on the same connection, before it was acknowledged (NATS after ack_wait)."""
        process = self._between_packets()
        if process is None:
            return
        lines = process.session._receiver._lines
        waiting = [delivery for line in lines for delivery in line if id(delivery) in process.running]
        if waiting:
            said = self._rng.choice(waiting)
            again = Publish(said.topic, said.payload, said.qos, said.retain, True, said.packet_id)
            self._world.paths["redelivery on the same connection"] += 1
            self._inject(process, encode(again, self._world.scenario.version))

    def stray(self) -> None:
        """An acknowledgement comes twice, or for nothing."""
        process = self._between_packets()
        if process is None:
            return
        name = self._rng.choice(("puback", "pubcomp", "pubrec", "pubrec again", "pubrel"))
        self._world.paths[f"stray {name}"] += 1
        if name in ("puback", "pubcomp"):
            kind = Puback if name == "puback" else Pubcomp
            self._inject(process, encode(kind(next(self._strangers)), self._world.scenario.version))
        else:
            self._by_broker(name)

    def _by_broker(self, name: str) -> None:
        """Said by the broker itself, so that its strict mode knows of it."""
        books = self._world.broker.core._books
        session = books.sessions.get(CLIENT_ID)
        if session is None or session.link is None:
            return
        for packet_id in list(session.inbound) if name == "pubrec again" else [next(self._strangers)]:
            books.wire.acknowledge(session.link, PUBREL if name == "pubrel" else PUBREC, packet_id)
        self._world.broker.settle()

    # -- lies ----------------------------------------------------------------------------------

    def lie(self) -> None:
        """Something no broker may send: the link must end, and nothing else."""
        process = self._between_packets()
        if process is None:
            return
        name, data = self._rng.choice(self._lies(process))
        self._world.note("the broker lies: %s", name)
        self._world.paths[f"lie: {name}"] += 1
        link, self._world.provoked = process.link, True
        try:
            self._inject(process, data)
        finally:  # the process may die of it
            self._world.provoked = False
        if process.link is link and link is not None:
            raise PromiseBroken(Promise.BROKEN_RULE, f"{name}, and the link is kept")

    def overfill(self) -> None:
        """The broker forgets our Receive Maximum on this connection [MQTT-3.3.4-9]."""
        core = self._world.broker.core
        session = core.sessions.get(CLIENT_ID)
        if session is not None and session.link is not None and self._world.scenario.version == V5:
            session.link.window = 65_535
            core._delivering.pump(session)
            self._world.broker.settle()

    def _lies(self, process: Process) -> list[tuple[str, bytes]]:
        lies: list[tuple[str, Packet]] = [
            ("a second CONNACK", Connack()),
            ("SUBACK for nothing", Suback(STRANGER, [0])),
        ]
        sender = process.session._sender
        lies += [
            (
                "PUBREC for QoS 1" if row.qos == 1 else "PUBACK for QoS 2",
                (Pubrec if row.qos == 1 else Puback)(id),
            )
            for id, row in list(sender.sent.items())[:3]
            if row.qos == 2 or id not in sender._older  # else it may be left over from before a rollback
        ]
        version = self._world.scenario.version
        if version == V5:
            lies.append(("an unknown topic alias", Publish("", b"", properties={"topic_alias": 17})))
        return [("QoS 3", b"\x36\x05\x00\x01a\x00\x01")] + [
            (name, encode(packet, version)) for name, packet in lies
        ]
