"""The face of the model broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast.codec import Publish
from holdfast.messages import NO_PROPERTIES, Properties, QoS
from holdfast.testing.model import snapshot
from holdfast.testing.model.books import Books
from holdfast.testing.model.dispatch import Dispatch
from holdfast.testing.model.examining import Make
from holdfast.testing.model.faults import Script, Sender
from holdfast.testing.model.limits import BrokerLimits
from holdfast.testing.model.link import Link
from holdfast.testing.model.session import Session, Stored
from holdfast.testing.model.wire import Output


class BrokerCore:
    """See the package's docstring. ``now`` is in seconds of any clock that does not run back."""

    def __init__(
        self,
        limits: BrokerLimits | None = None,
        *,
        strict: bool = False,
        authentication: Make | None = None,
    ) -> None:
        self._books = books = Books(limits or BrokerLimits(), strict, authentication)
        self._dispatch = Dispatch(books)
        self._delivering = self._dispatch.delivering

    @classmethod
    def load(
        cls,
        state: snapshot.State,
        now: float,
        limits: BrokerLimits | None = None,
        *,
        strict: bool = False,
        authentication: Make | None = None,
    ) -> BrokerCore:
        """The broker after a crash that left ``state``; ``now`` is on the same clock as before it."""
        core = cls(limits, strict=strict, authentication=authentication)
        core._books.now = now
        snapshot.restore(core._books, state)
        return core

    def ancestor(self, state: snapshot.State | None) -> BrokerCore:
        """A broker with the same options as it was when it left ``state``; empty if it left none."""
        if state is not None:
            return self._again(state, state["now"])
        books = self._books
        return BrokerCore(books.limits, strict=books.strict, authentication=books.authentication)

    def _again(self, state: snapshot.State, now: float) -> BrokerCore:
        books, make = self._books, self._books.authentication
        return BrokerCore.load(state, now, books.limits, strict=books.strict, authentication=make)

    def successor(self, state: snapshot.State | None, now: float) -> BrokerCore:
        """This broker after a restart: with ``state`` alone, but with what it tells and its scripts."""
        core = self._again(state, now) if state else self.ancestor(None)
        core._books.inherit(self._books)
        for name, args, _ in self.scripts():
            getattr(core, name)(*args)
        return core

    def scripts(self) -> list[Script]:
        """The calls that would script again what is in force."""
        return self._books.faults.scripts()

    def state(self) -> snapshot.State:
        """All that must be durable before ``take`` may leave, as plain data that shares nothing with it."""
        return snapshot.state(self._books)

    # ---- in

    def open(self, conn_id: int, now: float) -> None:
        """A client has connected the transport."""
        self._books.now = now
        self._books.links[conn_id] = Link(conn_id, self._books.limits, now)

    def receive(self, conn_id: int, data: bytes, now: float) -> None:
        """Bytes from a client; those of a link that has ended mean nothing."""
        self._books.now = now
        link = self._books.links.get(conn_id)
        if link is not None:
            self._dispatch.take_in(link, data)

    def closed(self, conn_id: int, now: float) -> None:
        """The link is gone without DISCONNECT."""
        self._books.now = now
        link = self._books.links.get(conn_id)
        if link is not None:
            self._dispatch.connecting.lost(link)

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._books.now = now
        self._dispatch.connecting.tick()

    def publish(
        self,
        topic: str,
        payload: bytes,
        now: float,
        *,
        qos: QoS = 1,
        retain: bool = False,
        properties: Properties = NO_PROPERTIES,
    ) -> None:
        """A message from elsewhere, to every subscriber; ``accepted`` has only what clients sent."""
        self._books.now = now
        self._books.dirty = True
        self._delivering.route(Stored(topic, payload, qos, retain, properties, now))

    # ---- out

    def take(self) -> list[Output]:
        """What is to be sent, in order, since the last call."""
        out, self._books.wire.out = self._books.wire.out, []
        return out

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do; None: never."""
        return self._dispatch.connecting.next_deadline()

    # ---- faults

    def hold(self, packet: str, sender: Sender = "broker") -> None:
        """Packets of this type wait until ``release``; those of a link that ends are gone."""
        self._books.faults.hold(packet, sender)

    def drop(self, packet: str, times: int = 1, sender: Sender = "broker") -> None:
        """The next packets of this type vanish."""
        self._books.faults.drop(packet, times, sender)

    def refuse(self, packet: str, reason: int, times: int | None = None) -> None:
        """The next CONNECT, PUBLISH, SUBSCRIBE or UNSUBSCRIBE get this reason code; None: all of them.

        3.1.1: a CONNECT gets the return code that says the same, a SUBSCRIBE 0x80; a PUBLISH of QoS 1 or
        2 ends the connection. A QoS 0 PUBLISH vanishes in both.
        """
        self._books.faults.refuse(packet, reason, times)

    def refer(self, reference: str, reason: int) -> None:
        """Everybody is sent to other servers with this reason code, who is connected and who comes."""
        self._books.faults.refer(reference, reason)
        self._dispatch.connecting.refer(reason)

    def release(self, now: float) -> None:
        """Lift every hold, drop and refusal, and let go what was held, in order."""
        self._books.now = now
        for sender, item in self._books.faults.release():
            if sender == "broker":
                self._books.wire.let_go(*item)
            elif item[0].alive:
                self._dispatch.handle(*item)

    # ---- what tests ask

    @property
    def dirty(self) -> bool:
        """Whether something durable has changed since it was set to False."""
        return self._books.dirty

    @dirty.setter
    def dirty(self, value: bool) -> None:
        self._books.dirty = value

    @property
    def accepted(self) -> Sequence[Publish]:
        """What clients published, as it first came."""
        return self._books.accepted

    @property
    def routed(self) -> Sequence[Publish]:
        """What went onward, in order."""
        return self._books.routed

    @property
    def violations(self) -> list[str]:
        """What clients were cut off for."""
        return self._books.wire.violations

    @property
    def connects(self) -> int:
        """CONNECTs received."""
        return self._books.connects

    @property
    def sessions(self) -> Mapping[str, Session]:
        """By client id; to look at, not to change."""
        return self._books.sessions

    @property
    def retained(self) -> Mapping[str, Stored]:
        """By topic; to look at, not to change."""
        return self._books.retained
