"""``Broker``: what a test holds in its hand."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

from holdfast import topics
from holdfast.errors import ConfigurationError
from holdfast.messages import NO_PROPERTIES, Message, Payload, QoS
from holdfast.testing.broker.keeper import Keeper
from holdfast.testing.broker.server import Server, broker_now
from holdfast.testing.listener import Listener
from holdfast.testing.model import BrokerLimits, Examiner

T = TypeVar("T")
Sender = Literal["broker", "client"]


class Broker:
    """An MQTT broker on its own thread behind a real loopback socket, MQTT 3.1.1 and 5.

    For blocking and asynchronous tests alike: every call is done when it returns and never waits for a
    client (``await eventually(...)`` does). It speaks after ``start()``, or inside ``with``.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        strict: bool = False,
        persist: Literal["memory", "fsync"] = "memory",
        path: str | PathLike[str] | None = None,
        limits: BrokerLimits | None = None,
        ssl_context: ssl.SSLContext | None = None,
        authentication: Callable[[], Examiner] | None = None,
    ) -> None:
        """``port``: 0 takes a free one and keeps it over restarts. ``strict``: a client that breaks a rule
        no ordinary broker notices is cut off too (``violations`` says why). ``persist``: "fsync" writes all
        that a PUBACK, PUBREC or PUBCOMP promises to ``path`` before it leaves. ``ssl_context``: speak TLS.
        ``authentication`` makes the broker's side of each enhanced authentication (MQTT 5 §4.12); without one
        nobody comes in then. Not with "fsync", which makes the same calls again and needs the same answers.

        Raises ConfigurationError.
        """
        if (persist == "fsync") != (path is not None):
            raise ConfigurationError(
                f"Broker: persist={persist!r} with path={path!r}", hint='persist="fsync" and path go together'
            )
        if authentication is not None and path is not None:
            raise ConfigurationError(
                'Broker: authentication= with persist="fsync"', hint="an exchange cannot be made again"
            )
        self._options = (limits, strict, Path(path) if path is not None else None)
        self._authentication = authentication
        self._ssl_context = ssl_context
        self._port = port
        self._server: Server | None = None

    def start(self) -> Broker:
        """Listen. Raises OSError when the port is taken."""
        if self._server is None:
            listener = Listener(self._port)
            self._port = listener.port
            try:
                keeper = Keeper(*self._options, broker_now(), self._authentication)
            except BaseException:
                listener.close()
                raise
            self._server = Server(listener, keeper, self._ssl_context)
            self._call(self._server.up)
            self._call(self._server.tick)
        return self

    def stop(self) -> None:
        """Close everything; a later ``start()`` begins with what is on disk, or empty."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.loop.call(server.close)
            finally:
                server.loop.stop()

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- what it tells

    @property
    def port(self) -> int:
        """The port it listens on, known after the first start."""
        return self._port

    @property
    def url(self) -> str:
        """What a client dials."""
        if self._ssl_context is not None:
            return f"mqtts://localhost:{self._port}"
        return f"mqtt://127.0.0.1:{self._port}"

    @property
    def connects(self) -> int:
        """CONNECTs received since ``start``, refused ones included."""
        return self._call(lambda: self._running().keeper.core.connects)

    @property
    def violations(self) -> list[str]:
        """What clients were cut off for, one sentence each."""
        return self._call(lambda: list(self._running().keeper.core.violations))

    def messages(self, filter: str = "#") -> list[Message]:
        """What clients published and the broker accepted, in the order it came.

        A QoS 1 message that is sent again because its PUBACK was lost is there again, as a ``duplicate``.
        """
        topics.validate_filter(filter)
        accepted = self._call(lambda: list(self._running().keeper.core.accepted))
        return [
            Message(p.topic, p.payload, p.qos, p.retain, p.dup, p.properties)
            for p in accepted
            if topics.matches(filter, p.topic)
        ]

    # ---- what it does

    def publish(
        self,
        topic: str,
        payload: Payload,
        *,
        qos: QoS = 1,
        retain: bool = False,
        properties: Mapping[str, Any] = NO_PROPERTIES,
    ) -> None:
        """A message from elsewhere to every subscriber; ``properties`` by the standard's names."""
        topics.validate_topic(topic)
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        self._do("publish", topic, data, broker_now(), qos=qos, retain=retain, properties=dict(properties))

    def hold(self, packet: str, sender: Sender = "broker") -> None:
        """Packets of this type ("PUBACK") that this side sends wait until ``release()``; the rest passes.

        Behind a held CONNACK everything to that client waits. What was held for a link is gone with it.
        """
        self._do("hold", packet, sender)

    def drop(self, packet: str, times: int = 1, sender: Sender = "broker") -> None:
        """The next packets of this type that this side sends vanish."""
        self._do("drop", packet, times, sender)

    def refuse(self, packet: str, reason: int, times: int | None = None) -> None:
        """The next CONNECT, PUBLISH, SUBSCRIBE or UNSUBSCRIBE are answered with this MQTT 5 reason code.

        ``times=None``: all until ``release()``. 3.1.1 is told what it has words for: CONNECT the nearest
        return code, SUBSCRIBE 0x80; a PUBLISH of QoS 1 or 2 ends the connection.
        """
        self._do("refuse", packet, reason, times)

    def refer(self, reference: str, *, for_good: bool = False) -> None:
        """Send every client to other servers (MQTT 5 §4.11), until ``release()``: "host:port host:port ...".

        Who is connected gets a DISCONNECT, who comes a CONNACK, with 0x9C or, ``for_good``, 0x9D. 3.1.1
        cannot say it: the connection ends, or is refused as unavailable.
        """
        self._do("refer", reference, 0x9D if for_good else 0x9C)

    def release(self) -> None:
        """Lift every hold, drop and refusal; what was held goes on, in order."""
        self._do("release", broker_now())

    def cut(self) -> None:
        """Reset every connection (TCP RST)."""
        self._call(lambda: self._running().cut())

    def freeze(self) -> None:
        """Fall silent with open sockets, as a stopped process does."""
        self._call(lambda: self._running().freeze())

    def thaw(self) -> None:
        """Go on after ``freeze()``."""
        self._call(lambda: self._running().thaw())

    def restart(self, *, down_s: float = 0, forget: bool = False) -> None:
        """Die without a word and come back on the same port; returns at once, also with ``down_s``.

        Sessions, retained messages and scripts stay, with ``persist="fsync"`` as far as they were on disk;
        ``forget`` loses the first two. ``connects``, ``messages`` and ``violations`` go on.
        """
        self._call(lambda: self._running().restart(down_s, forget))

    # ---- inside

    def _do(self, name: str, *args: Any, **kwargs: Any) -> None:
        self._call(lambda: self._running().do(name, *args, **kwargs))

    def _call(self, work: Callable[[], T]) -> T:
        return self._running().loop.call(work)

    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the broker is not running: call start(), or use it inside `with`")
        return self._server
