"""In some seeds the client speaks of itself (contract 22): what it says, and what comes between."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from holdfast.codec import V5, Publish, Will
from holdfast.protocol import Announced, Opened, Reasserted, Restored, SessionEvent, Unwatched
from holdfast.testing.simulator.promises import Promise, PromiseBroken

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver
    from holdfast.testing.simulator.world import World

STATUS = "status"
ONLINE, OFFLINE = b"online", b"offline"
REFUSED = 0x80
OLD_WITHIN_S = 5.0
IDENTIFIERS = 50_000
"""Below those of ``mischief``'s strangers."""


class Herald:
    """Dice of its own, so that other seeds live as they lived."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._rng = Random(f"herald {seed}")
        # What a lost connection left unanswered frees its identifier: no harm, unless there are few of them.
        self.speaks = self._rng.random() < 0.25 and not world.storage.few_ids
        self._will = Will(STATUS, OFFLINE)
        self._born = self._unheard = self._deaf = False

    def asks(self) -> dict[str, Any]:
        """For CONNECT; a will that the broker's present limits forbid would never connect."""
        if not self.speaks:
            return {}
        limits = self._world.broker.core._books.limits
        self._born = self._unheard = self._deaf = False
        self._will = Will(STATUS, OFFLINE, 1 if limits.maximum_qos else 0, limits.retain_available)
        return {"will": self._will, "birth": ONLINE}

    def restored(self, restored: Restored) -> Restored:
        """What was said by the process before is in no file, and its identifiers are not free for sure."""
        if self.speaks:
            restored.last_packet_id = self._rng.randrange(IDENTIFIERS)
        return restored

    def leaves(self, packet: Publish) -> bool:
        """Whether this is said of ourselves; a message of the outbox may not go before the birth."""
        if packet.topic != STATUS:
            if self.speaks and not self._born:
                raise PromiseBroken(Promise.PRESENCE, f"{packet} left before the birth")
            return False
        if packet.dup:
            raise PromiseBroken(Promise.PRESENCE, f"{packet} is of another connection")
        self._born = True
        return True

    def farewell(self, driver: Driver) -> None:
        """Before a DISCONNECT, mostly: one that is hurried leaves it out."""
        if self.speaks and self._rng.random() < 0.8:
            driver.session.farewell(OFFLINE, driver.now)

    def heard(self, driver: Driver, event: SessionEvent) -> None:
        """An event of the session."""
        if isinstance(event, Opened) and self.speaks:
            delay_s = self._rng.random() * OLD_WITHIN_S
            self._world.schedule.after(delay_s, self._world, self._old_connection_dies)
        elif isinstance(event, Announced):
            self._unheard = event.reason >= REFUSED
        elif isinstance(event, Unwatched):
            self._deaf = True
        elif isinstance(event, Reasserted):
            self._world.paths["birth said again over an older offline"] += 1

    def _old_connection_dies(self) -> None:
        """One that the broker took for alive until now."""
        broker, properties = self._world.broker, {}
        if self._world.scenario.version == V5 and self._rng.random() < 0.5:
            properties = {"user_property": (("presence", "offline"), ("epoch", "1"))}
        retain = bool(self._will.retain and broker.core._books.limits.retain_available)
        broker.core.publish(
            STATUS, OFFLINE, self._world.now, qos=self._will.qos, retain=retain, properties=properties
        )
        broker.settle()

    def at_the_end(self) -> None:
        """Online stands, where the broker keeps what is said and has not refused it."""
        broker = self._world.broker
        dropped = self._unheard or (not self._will.qos and broker.witness.refusing)
        if not self.speaks or not self._will.retain or dropped or self._deaf:
            return
        stands = broker.core._books.retained.get(STATUS)
        if stands is None or stands.payload != ONLINE:
            raise PromiseBroken(
                Promise.PRESENCE, f"connected, and our topic says {stands and stands.payload!r}"
            )
