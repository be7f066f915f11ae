"""The brokers of one world: mostly one; in some seeds two, which know nothing of each other (contract 3).

Each has its own sessions, and so its own truth about identifiers and epochs. The client dials one or the
other as the dice say, with whatever it has in flight, and has to find each session as it left it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from holdfast.testing.simulator.broker_side import BrokerSide
from holdfast.testing.simulator.epochs import Epochs
from holdfast.testing.simulator.scenario import CLIENT_ID
from holdfast.testing.simulator.truth import SessionTruth

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World

GENERATIONS = 1_000_000
"""So far apart are the serial numbers of sessions at the two brokers."""


class Site:
    """One broker, and what is true about our session there. ``name``: of its group; "" where it is alone."""

    def __init__(self, world: World, name: str, generation: int, highest: Callable[[], int]) -> None:
        self.name = name
        self.broker = BrokerSide(world, generation)
        self.truth = SessionTruth()
        self.epochs = Epochs(world.disk, name, highest)


class Sites:
    """``here``: the one that is dialled, or was last."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        names = ("a", "b") if Random(f"sites {seed}").random() < 0.25 else ("",)
        world.disk.group = names[0]
        self.all = [
            Site(world, name, GENERATIONS * number, self._highest) for number, name in enumerate(names)
        ]
        self.here = self.all[0]
        self._left = set(names)  # not at rest since the world was healed

    @property
    def groups(self) -> list[list[str]]:
        """As the outbox is opened with them."""
        return [[site.name] for site in self.all if site.name]

    @property
    def rolled_back(self) -> bool:
        """Whether any of them has come back as it once was."""
        return any(site.broker.witness.rolled_back for site in self.all)

    def _highest(self) -> int:
        return max(site.epochs.due for site in self.all)

    def choose(self) -> None:
        """Whom to dial next: often another one, as long as there is trouble."""
        if len(self.all) > 1 and self._world.trouble and self._world.rng.random() < 0.4:
            self.here = self.all[1] if self.here is self.all[0] else self.all[0]

    def at_rest(self) -> bool:
        """Everything has come to rest here; whether it has everywhere, else the other one is dialled."""
        self._left.discard(self.here.name)
        for site in self.all:
            if site.name in self._left:
                self.here = site
                if self._world.link is not None:
                    self._world.link.cut(True, True)
                return False
        return True

    # -- what becomes of the client --------------------------------------------------------------

    def restarted(self, lost: bool) -> None:
        """A new process knows what is on the disk; ``lost``: of the present session that is not all."""
        disk = self._world.disk
        for site in self.all:
            present = site.name == disk.group
            elsewhere = disk.elsewhere.get(site.name)
            site.epochs.restarted(lost if present else elsewhere is not None and elsewhere.lost)
            site.truth.restarted(disk, present)

    def forgot(self) -> None:
        """The disk has lost what it had told: of what was before nobody can be sure, here and there."""
        for site in self.all:
            site.truth.rolled_back(self._world.disk, site.name == self._world.disk.group)
            site.broker.forgive()

    def connected(self, present: bool) -> int:
        """CONNACK 0 reaches the client; the serial number of the session it is in."""
        world, site = self._world, self.here
        assert world.process is not None
        moved = world.process.session.group != site.name
        if not present or not site.epochs.known or site.epochs.lost:
            site.truth.lost()
        else:
            site.truth.resumed(moved)
        if moved:
            self._tell(present)
            _excuse(site.broker)
        generation = site.broker.generation
        if site.epochs.connack(present, generation):
            flying = (*world.disk.sent.values(), *world.disk.released.values())
            world.mistook(generation, () if moved else flying)
            site.epochs.mistaken(generation)
        return generation

    def _tell(self, present: bool) -> None:
        """What is left behind, and what is found."""
        world, known = self._world, self._world.disk.elsewhere.get(self.here.name)
        world.paths["another broker"] += 1
        world.paths["another broker, with rows in flight"] += bool(world.disk.sent or world.disk.released)
        if present and known is not None:
            world.paths["back in a session that was left"] += 1
            world.paths["back, with exchanges to complete"] += bool(known.unreleased)
            world.paths["back, with QoS 1 that nobody answered"] += bool(known.unanswered)
            world.paths["back, with inbound QoS 2 unreleased"] += bool(known.received)
            world.paths["back, with identifiers withheld"] += bool(known.withheld)
        elif known is not None:
            world.paths["back, and it has forgotten us"] += 1


def _excuse(broker: BrokerSide) -> None:
    """We come from another broker: what this one did not answer of QoS 1 has gone on there, for ever."""
    session = broker.core.sessions.get(CLIENT_ID)
    unanswered = session.unanswered if session else {}
    for packet_id in [packet_id for packet_id, entry in unanswered.items() if entry[2][:1] == (1,)]:
        del unanswered[packet_id]
