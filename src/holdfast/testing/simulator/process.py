"""One life of the client process: it dials, it is spoken to, it is frozen, and sometimes it dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.protocol import ConnectRequest, Delivery, Intent, LinkState
from holdfast.testing.simulator.doorkeeper import METHOD
from holdfast.testing.simulator.driver import Driver
from holdfast.testing.simulator.network import Link as NetworkLink
from holdfast.testing.simulator.scenario import CLIENT_ID, OUR_ALIASES
from holdfast.testing.simulator.tap import Tap

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World

CONNECT_TIMEOUT_S = 2.0


class Process(Driver):
    """What the outside does to a client process: its links, its applications, its fate."""

    def __init__(self, world: World, serial: int) -> None:
        super().__init__(world, serial)
        self.woke = 0.0
        self._unread: list[bytes] | None = None

    # -- the connection ------------------------------------------------------------------------

    def start(self) -> None:
        """Want what the application wants, and dial."""
        self.session.subscribe(list(self.world.wanted_intents()), self.now)
        self.keeper.sweep_by(self.now)
        self.dial()

    def dial(self) -> None:
        """Open a link, or try again later."""
        if self.link is not None:
            return
        self.link = self.world.open_link(self)
        if self.link is None:
            self._dial_later()
            return
        request = self._request()
        self.tap = Tap(self.world, self, request)
        self.session.connect(request, self.now)
        self.world.schedule.after(CONNECT_TIMEOUT_S, self, self._too_slow, self.link)
        self.pump()

    def _request(self) -> ConnectRequest:
        scenario = self.world.scenario
        return ConnectRequest(
            client_id=CLIENT_ID,
            version=scenario.version,
            session_expiry_s=scenario.session_expiry_s,
            keepalive_s=scenario.keepalive_s,
            receive_maximum=scenario.receive_maximum,
            max_packet_bytes=scenario.max_packet_bytes,
            topic_alias_maximum=scenario.topic_alias_maximum,
            topic_aliases=OUR_ALIASES,
            authentication_method=METHOD if self.world.authenticates else None,
            group=self.world.sites.here.name,
            **self.world.herald.asks(),
            **self.world.sounder.asks(),
        )

    def _dial_later(self) -> None:
        self.world.schedule.after(self.world.rng.random() * self.world.redial_s, self, self.dial)

    def _too_slow(self, link: NetworkLink) -> None:
        if self.link is link and self.session.link is LinkState.CONNECTING:
            self.world.paths["no CONNACK in time"] += 1
            self.hang_up()

    def gone(self, link: NetworkLink) -> None:
        """The other end closed, or the network says so."""
        if self.link is link:
            self.hang_up()

    def leave(self) -> None:
        """End the connection on purpose, then come back."""
        if self.session.link is LinkState.UP:
            self.world.herald.farewell(self)
            self.session.disconnect(self.now)
            self.world.paths["left on purpose"] += 1
            self.leaving = True
            if self.world.rng.random() < 0.5:  # the application has not heard of it yet
                self.session.subscribe(list(self.world.wanted_intents()), self.now)
            self.pump()

    def hang_up(self) -> None:
        assert self.link is not None
        self.link.closed_by_client()
        self.link = self.tap = self._unread = None
        self.outbox.draining = False
        if self.leaving and self.world.rng.random() < 0.5:
            self._abandon()
        self.leaving = False
        self.session.lost(self.now)
        self._dial_later()
        self.pump()

    def _abandon(self) -> None:
        """The application stopped: its handlers are cancelled."""
        self.running.clear()
        self.world.inbox.abandoned()
        self.session.abandon()
        self.world.paths["handlers abandoned"] += 1

    # -- calls into the session ----------------------------------------------------------------

    def arrive(self, link: NetworkLink, data: bytes) -> None:
        """Bytes from the broker."""
        if self.link is not link or self.tap is None:
            return
        if self._unread is not None:
            self._unread.append(data)
            return
        self.tap.arrives(data)
        self.session.receive(data, self.now)
        self.border("received")
        self.pump()

    def pause(self, how_long_s: float) -> None:
        """Stop reading, as a process does whose handlers are behind."""
        if self._unread is None and self.session.link is LinkState.UP:
            self._unread = []
            self.session.listening(False, self.now)
            self.world.schedule.after(how_long_s, self, self._resume, self.link)

    def _resume(self, link: NetworkLink) -> None:
        if self.link is not link or self._unread is None or self.tap is None:
            return
        unread, self._unread = self._unread, None
        self.session.listening(True, self.now)
        self.tap.heard = self.world.now
        for data in unread:
            self.arrive(link, data)
        self.pump()

    def paused(self) -> bool:
        """Whether silence means nothing."""
        return self._unread is not None

    def accept(self, rows: list[Outgoing]) -> bool:
        """The application publishes; whether the outbox took the rows."""
        paths = self.world.paths
        try:
            if self.outbox.lacks(rows) is not None and not self.outbox.make_room(rows):
                paths["refused: no room in the outbox"] += 1
                return False
            self.outbox.accept(rows)
        except OutboxError:
            paths["refused: commits fail"] += 1
            return False
        paths["accepted while a commit is under way"] += self.writer.under_way is not None
        self.world.accepted(rows)
        self.keeper.sweep_by(self.now)
        self.border("accepted")
        return True

    def subscribe(self, intent: Intent) -> None:
        """The application wants a subscription."""
        self.session.subscribe([intent], self.now)
        self.pump()

    def unsubscribe(self, filter: str) -> None:
        """The application wants it no more."""
        self.session.unsubscribe([filter], self.now)
        self.pump()

    def handle(self, delivery: Delivery) -> None:
        """A handler begins; the world says for how long it is at it."""
        self.world.handle(self, delivery)

    def finish(self, deliveries: list[Delivery]) -> None:
        """Handlers have finished."""
        for delivery in deliveries:
            if self.running.pop(id(delivery), None) is not None:
                self.world.inbox.finished(delivery)
        self.border("handled")
        self.session.ack(deliveries, self.now)
        self.border("acked")
        self.pump()

    def freeze(self, how_long_s: float) -> None:
        """Stand still; everything that happens to this process waits."""
        self.world.paths["frozen"] += 1
        self.woke = self.frozen_until = self.world.now + how_long_s
