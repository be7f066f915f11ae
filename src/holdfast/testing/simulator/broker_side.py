"""The model broker in the simulated world: its links, its restarts, and what it holds for us."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from holdfast.codec import V5, Connect, encode
from holdfast.codec.packet_types import PUBREC
from holdfast.messages import QoS
from holdfast.testing.model import CLOSE, BrokerCore, BrokerLimits
from holdfast.testing.model.link import Link as BrokerLink
from holdfast.testing.model.session import Session, Subscription
from holdfast.testing.model.snapshot import State
from holdfast.testing.simulator.aliaser import Aliaser
from holdfast.testing.simulator.doorkeeper import Doorkeeper
from holdfast.testing.simulator.network import Link, Pipe
from holdfast.testing.simulator.scenario import CLIENT_ID, TOO_BIG_BYTES
from holdfast.testing.simulator.witness import Witness
from holdfast.topics import matches

if TYPE_CHECKING:
    from holdfast.testing.simulator.process import Process
    from holdfast.testing.simulator.world import World

CONNACK_BYTE = 0x20
UNAVAILABLE = 0x88


class BrokerSide:
    """A ``BrokerCore`` in strict mode behind the links of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._doorkeeper = Doorkeeper if world.authenticates else None
        self.core = self._new(world.scenario.limits)
        self.links: dict[int, Link] = {}
        self._aliasers: dict[int, Aliaser] = {}
        self._serial = 0
        self._session: Session | None = None
        self._greeted: BrokerLink | None = None
        self.witness = Witness(world)
        self._held: dict[bytes, int] = {}
        self._tick_at: float | None = None
        self._saved: tuple[State, int, dict[bytes, int]] | None = None
        self.generation = 0
        self.stolen: set[int] = set()
        self.away_until = 0.0
        self.lose_connack = False

    # -- links ---------------------------------------------------------------------------------

    def accept(self, process: Process) -> Link:
        """The client opens a connection."""
        world, serial = self._world, self.open()
        weather = world.scenario.weather
        up = Pipe(world.schedule, world.rng, weather, world, partial(self._receive, serial))
        down = Pipe(world.schedule, world.rng, weather, process, lambda data: process.arrive(link, data))
        link = Link(up, down, partial(self._gone, serial), lambda: process.gone(link))
        self.links[serial] = link
        if world.scenario.aliases:
            self._aliasers[serial] = Aliaser(world.scenario)
        world.link = link
        return link

    def open(self) -> int:
        """A new connection, by its number."""
        self._serial += 1
        self.core.open(self._serial, self._world.now)
        return self._serial

    def _receive(self, serial: int, data: bytes) -> None:
        self.core.receive(serial, data, self._world.now)
        self.settle()

    def _gone(self, serial: int) -> None:
        if self.links.pop(serial, None) is not None:
            self.core.closed(serial, self._world.now)
            self.settle()

    def settle(self) -> None:
        """Pass on what the broker says, and look at what it has seen."""
        self._notice_session()
        if self._world.scenario.repeats_pubrec and not self.witness.rolled_back:
            self._repeat_pubrecs()
        written: dict[int, list[bytes]] = {}
        for serial, data in self.core.take():
            if data is CLOSE:
                self._write(serial, written.pop(serial, []))
                link = self.links.pop(serial, None)
                if link is not None:
                    link.closed_by_broker()
            else:
                assert isinstance(data, bytes)
                written.setdefault(serial, []).append(data)
        for serial, parts in written.items():
            self._write(serial, parts)
        self.witness.look(self.core)
        self._wind()

    def _repeat_pubrecs(self) -> None:
        """On every new connection, as 3.1.1 brokers do that keep a PUBREC until the PUBREL."""
        link = self._session.link if self._session else None
        if self._session is not None and link is not None and link is not self._greeted:
            for packet_id in self._session.inbound:
                self._world.paths["PUBREC repeated on a new connection"] += 1
                self.core._books.wire.acknowledge(link, PUBREC, packet_id)
        self._greeted = link

    def _write(self, serial: int, parts: list[bytes]) -> None:
        link = self.links.get(serial)
        if link is None or not parts:
            return
        if self.lose_connack and parts[0][0] == CONNACK_BYTE:
            self.lose_connack = False
            link.hole()
        aliaser = self._aliasers.get(serial)
        if aliaser is not None:
            parts = [aliaser.shorten(part) for part in parts]
        link.down.write(b"".join(parts))

    def _wind(self) -> None:
        deadline = self.core.next_deadline()
        if deadline is not None and (self._tick_at is None or deadline < self._tick_at):
            self._tick_at = deadline
            self._world.schedule.at(deadline, self._world, self._tick)

    def _tick(self) -> None:
        self._tick_at = None
        self.core.tick(self._world.now)
        self.settle()

    def _notice_session(self) -> None:
        session = self.core.sessions.get(CLIENT_ID)
        if session is not None and session is not self._session:
            self.generation += 1
        self._session = session

    # -- what others do ------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, qos: QoS, retain: bool) -> None:
        """Somebody else publishes."""
        granted = max((s.qos for s in self._subscriptions() if matches(s.filter, topic)), default=0)
        if min(qos, granted) and not retain and len(payload) < TOO_BIG_BYTES:
            self._held[payload] = self.generation
        self.core.publish(topic, payload, self._world.now, qos=qos, retain=retain)
        self.settle()

    def takeover(self) -> None:
        """Somebody else connects as us, and leaves again."""
        scenario, serial = self._world.scenario, self.open()
        properties = {"session_expiry_interval": 3600} if scenario.session_expiry_s else {}
        greeting = Connect(CLIENT_ID, not scenario.session_expiry_s, version=scenario.version)
        if scenario.version == V5:
            greeting.properties = properties
        before = self.generation
        self._receive(serial, encode(greeting, scenario.version))
        if self.generation != before:
            self.stolen.add(self.generation)
        self.core.closed(serial, self._world.now)
        self.settle()

    # -- what becomes of it --------------------------------------------------------------------

    def restart(self, forget: bool, limits: BrokerLimits) -> None:
        """The broker stops, breaking every link, and is there again, with or without its state."""
        if forget:
            core = self._new(limits)
        else:
            core = self._load(self.core.state(), limits, not self.witness.rolled_back)
        self._become(core, forget)

    def _new(self, limits: BrokerLimits) -> BrokerCore:
        limits = self._world.poison.limits(limits)
        return BrokerCore(limits, strict=True, authentication=self._doorkeeper)

    def _load(self, state: State, limits: BrokerLimits, strict: bool) -> BrokerCore:
        now, limits = self._world.now, self._world.poison.limits(limits)
        return BrokerCore.load(state, now, limits, strict=strict, authentication=self._doorkeeper)

    def _become(self, core: BrokerCore, forget: bool) -> None:
        for link in self.links.values():
            link.cut(True, False)
        self.links, self._aliasers = {}, {}
        self.core = core
        if not forget:
            self._session = core.sessions.get(CLIENT_ID)
        self.witness.restarted()
        self._tick_at = None
        self.settle()

    def roll_back(self, limits: BrokerLimits) -> None:
        """Save, the first time; come back as saved, the second time. What is lost between is the broker's."""
        if self._saved is None:
            self._saved = (self.core.state(), self.generation, dict(self._held))
            return
        (state, self.generation, self._held), self._saved = self._saved, None
        self.witness.rolled_back = True
        self._world.inbox.forgiven()
        self._world.paths["broker rolled back"] += 1
        self._become(self._load(state, limits, False), False)

    def forgive(self) -> None:
        """The client is not what it was: what it does now is no breach, and proves nothing."""
        self.witness.rolled_back = True
        self._world.inbox.forgiven()
        self._become(self._load(self.core.state(), self.core._books.limits, False), False)

    def refuse(self, times: int) -> None:
        """The next CONNECTs are refused."""
        self.core.refuse("CONNECT", UNAVAILABLE, times)

    def reject(self, times: int) -> None:
        """The next PUBLISH packets are refused (0x97, quota exceeded)."""
        self.witness.refusing = True
        self.core.refuse("PUBLISH", 0x97, times)

    def heal(self) -> None:
        """No more trouble from this side."""
        self.away_until, self.lose_connack = 0.0, False
        self.core.release(self._world.now)

    # -- what the audit asks -------------------------------------------------------------------

    def idle(self) -> bool:
        """Whether the broker has nothing for us on its hands."""
        session = self._session
        if session is None or session.queue or session.inflight:
            return False
        forgotten = self._world.disk.withheld  # the broker waits for a PUBREL that never comes
        return self.witness.rolled_back or not session.inbound.keys() - forgotten.keys()

    def held_for_us(self) -> list[bytes]:
        """The messages it took for our present session, and that a client is bound to hear of."""
        if self.generation in self._world.mistaken:
            return []
        return [payload for payload, generation in self._held.items() if generation == self.generation]

    def subscriptions(self) -> set[str]:
        """The filters of our present session."""
        session = self.core.sessions.get(CLIENT_ID)
        return set(session.subscriptions) if session else set()

    def _subscriptions(self) -> list[Subscription]:
        session = self.core.sessions.get(CLIENT_ID)
        return list(session.subscriptions.values()) if session else []
