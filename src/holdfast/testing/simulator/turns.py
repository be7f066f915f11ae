"""What can happen at a turn: what applications do, and what goes wrong.

Every action asks the dice alone, so that one seed is one history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.messages import Outgoing, QoS
from holdfast.protocol import Intent
from holdfast.testing.model import BrokerLimits
from holdfast.testing.simulator.disk_turns import DiskTurns
from holdfast.testing.simulator.driver import Killed
from holdfast.testing.simulator.inbox import RETAINED
from holdfast.testing.simulator.mischief import Mischief
from holdfast.testing.simulator.scenario import (
    FILTERS,
    KILL_BORDERS,
    OUR_TOPICS,
    TOO_BIG_BYTES,
    TOPICS,
    Retained,
    draw_limits,
)

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World


class Turns(DiskTurns):
    """The actions by their names in ``scenario.ACTIONS``."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._mischief = Mischief(world)
        self._incoming = 0

    def take(self) -> None:
        """One turn; an action that does not fit the moment passes."""
        name = self._rng.choices(self._world.scenario.names, self._world.scenario.weights)[0]
        self._world.note("turn: %s", name)
        getattr(self, name)()

    # -- applications --------------------------------------------------------------------------

    def publish(self) -> None:
        """Our application publishes a few messages."""
        process = self._client()
        if process is None:
            return
        for _ in range(self._rng.choice((1, 1, 2, 5))):
            seq, count = process.outbox.last + 1, self._rng.choice((1, 1, 2, 6))
            if not process.accept([self._row(seq + place) for place in range(count)]):
                break
        process.pump()

    def _row(self, seq: int) -> Outgoing:
        """One whose payload begins with the number that it will have."""
        rng, world = self._rng, self._world
        qos: QoS = rng.choices((0, 1, 2), world.scenario.qos_weights)[0]
        payload = b"%d|" % seq + b"x" * rng.choice((0, 0, 0, 0, 100, 300)) + world.poison.of(seq)
        expires_at = None
        if rng.random() < world.scenario.expiring:
            expires_at = world.machine.now() + rng.random() * 5
        topic = OUR_TOPICS[seq % len(OUR_TOPICS)]
        priority = rng.choice(world.storage.classes)
        return Outgoing(0, topic, payload, qos, rng.random() < 0.1, expires_at=expires_at, priority=priority)

    def incoming(self) -> None:
        """Somebody else publishes to what we may have subscribed."""
        for _ in range(self._rng.choice((1, 1, 3, 10))):
            self._incoming += 1
            size = self._rng.choice((0, 0, 0, 0, 0, 0, TOO_BIG_BYTES))
            payload = b"in-%d|" % self._incoming + b"y" * size
            self._world.broker.publish(
                self._rng.choice(TOPICS), payload, self._rng.choice((0, 1, 1, 2, 2)), False
            )

    def retained(self) -> None:
        """The same, retained."""
        self._incoming += 1
        payload = RETAINED + b"-%d|" % self._incoming
        self._world.broker.publish(self._rng.choice(TOPICS), payload, self._rng.choice((0, 1, 2)), True)

    def subscribe(self) -> None:
        """Our application wants a subscription, perhaps one it has already."""
        process, filter = self._client(), self._rng.choice(FILTERS)
        qos: QoS = self._rng.choice((0, 1, 2, 2))
        retained: Retained = self._rng.choice(("always", "new", "never"))
        if process is not None:
            self._world.wanted[filter] = (qos, retained)
            process.subscribe(Intent(filter, qos, retained, identifier=1 + FILTERS.index(filter)))

    def unsubscribe(self) -> None:
        """Our application has enough of one."""
        process = self._client()
        if process is None or not self._world.wanted:
            return
        filter = self._rng.choice(list(self._world.wanted))
        del self._world.wanted[filter]
        self._world.unwanted.add(filter)
        process.unsubscribe(filter)

    def leave(self) -> None:
        """Our application redials."""
        process = self._client()
        if process is not None:
            process.leave()

    def pause(self) -> None:
        """Our process stops reading for a while."""
        process = self._client()
        if process is not None:
            process.pause(self._rng.random() * 2 * (self._world.scenario.keepalive_s or 1))

    def idle(self) -> None:
        """Nothing, for as long as keepalive takes to matter."""
        self._world.quiet_s = self._rng.random() * 3 * (self._world.scenario.keepalive_s or 1)

    # -- the process ---------------------------------------------------------------------------

    def kill(self) -> None:
        """The process dies at a border it has yet to reach, or where it stands."""
        if self._rng.random() < 0.2 and self._world.process is not None:
            raise Killed("idle")
        self._world.doom = (self._rng.choice(KILL_BORDERS), self._rng.randint(1, 6))

    def freeze(self) -> None:
        """The process stands still (SIGSTOP, a suspended machine), then goes on unaware."""
        process = self._client()
        if process is not None:
            process.freeze(self._rng.choice((0.5, 5.0, 60.0, 8 * 3600.0)) * self._rng.random())

    # -- the network ---------------------------------------------------------------------------

    def cut(self) -> None:
        """The link breaks; either end may or may not be told."""
        if self._world.link is not None:
            self._world.link.cut(self._rng.random() < 0.8, self._rng.random() < 0.8)

    def hole(self) -> None:
        """The link falls silent; without keepalive it is the system that gives it up in the end."""
        world, link = self._world, self._world.link
        if link is not None:
            link.hole()
            world.paths["black hole"] += 1
            if self._rng.random() < 0.5:
                self.idle()
            world.schedule.after(self._soon() * 10, world, link.cut, True, True)

    # -- the broker ----------------------------------------------------------------------------

    def broker_restart(self) -> None:
        """The broker restarts and keeps its state; its limits may be others afterwards."""
        self._world.broker.restart(False, self._limits())

    def broker_forgets(self) -> None:
        """The broker restarts without its state."""
        self._world.broker.restart(True, self._limits())

    def _limits(self) -> BrokerLimits:
        scenario = self._world.scenario
        return draw_limits(self._rng, scenario.version, scenario.forward_at)

    def broker_rolls_back(self) -> None:
        """The broker is killed and comes back as it was when it last saved (contract 0, X1)."""
        if self._world.scenario.rolls_back:
            self._world.broker.roll_back(self._limits())

    def broker_away(self) -> None:
        """The broker is down for a while."""
        self.broker_restart()
        self._world.broker.away_until = self._world.now + self._soon()

    def broker_refuses(self) -> None:
        """The broker says no to the next few CONNECTs."""
        self._world.broker.refuse(self._rng.randint(1, 4))

    def takeover(self) -> None:
        """Somebody else connects under our client identifier."""
        self._world.broker.takeover()

    def amnesia(self) -> None:
        """The broker forgets us, and the CONNACK that says so is lost."""
        self.broker_forgets()
        self._world.broker.lose_connack = True

    def broker_rejects(self) -> None:
        """The broker refuses the next message or two."""
        self._world.broker.reject(self._rng.randint(1, 2))

    def repeat(self) -> None:
        """A message comes again on the same connection."""
        self._mischief.repeat()

    def stray(self) -> None:
        """An acknowledgement comes twice, or for nothing."""
        self._mischief.stray()

    def overfill(self) -> None:
        """The broker sends more at once than we take."""
        self._mischief.overfill()

    def lie(self) -> None:
        """The broker breaks a rule."""
        self._mischief.lie()
