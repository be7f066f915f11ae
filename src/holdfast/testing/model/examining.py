"""Enhanced authentication as the broker sees it (MQTT 5 §4.12): who may come in, and who may stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from holdfast import reasons
from holdfast.codec import Auth, Connect
from holdfast.codec.packet_types import AUTH
from holdfast.messages import Properties
from holdfast.testing.model.books import Books
from holdfast.testing.model.link import Link

CONTINUE = 0x18
REAUTHENTICATE = 0x19
BAD_METHOD = 0x8C
NOT_AUTHORIZED = 0x87
UNSPECIFIED = 0x80


class Examiner(Protocol):
    """The broker's side of one exchange; a fresh one is made for each, as ``Authenticator`` is."""

    method: str

    def step(self, data: bytes, /) -> tuple[int, bytes | None]:
        """What the client sent (``b""``: no data) to what the broker says: a reason code, and data.

        0x18 challenges, 0x00 accepts, and may prove the broker; 0x80 and above refuse.
        """


Make = Callable[[], Examiner]


class Exchange:
    """One exchange; ``connect`` is what waits for its end, None in a re-authentication."""

    __slots__ = ("connect", "examiner")

    def __init__(self, examiner: Examiner, connect: Connect | None) -> None:
        self.examiner = examiner
        self.connect = connect


class Examining:
    """Every AUTH packet, and every CONNECT with a method."""

    def __init__(
        self,
        books: Books,
        accept: Callable[[Link, Connect, dict[str, Any]], None],
        refuse: Callable[[Link, Connect, int], None],
    ) -> None:
        """``accept`` and ``refuse`` answer a CONNECT that has waited."""
        self._books = books
        self._accept = accept
        self._refuse = refuse

    def refusal(self, packet: Connect) -> int | None:
        """Why this CONNECT is not even examined; a broker that examines lets nobody in without it."""
        make, method = self._books.authentication, packet.properties.get("authentication_method")
        if make is None:
            return None if method is None else BAD_METHOD  # [MQTT-4.12.0-1]
        if method is None:
            return NOT_AUTHORIZED
        return None if method == make().method else BAD_METHOD

    def begin(self, link: Link, packet: Connect) -> None:
        """The first step, with what CONNECT brought."""
        link.method = packet.properties["authentication_method"]
        self._step(link, packet.properties, packet)

    def auth(self, link: Link, packet: Auth) -> None:
        """One more step, or a new exchange on a connection that is up."""
        if link.method is None:
            self._books.wire.fail(link, "AUTH, though CONNECT had no method [MQTT-4.12.0-7]")
        elif packet.properties.get("authentication_method") != link.method:
            self._books.wire.fail(link, "AUTH without the method of CONNECT [MQTT-4.12.0-5]")
        elif packet.reason == CONTINUE and link.exchange is not None:
            self._step(link, packet.properties, link.exchange.connect, link.exchange.examiner)
        elif packet.reason == REAUTHENTICATE and link.session is not None and link.exchange is None:
            self._step(link, packet.properties, None)
        else:
            self._books.wire.fail(link, f"AUTH 0x{packet.reason:02X} out of turn (MQTT 5 §4.12)")

    def _step(
        self, link: Link, said: Properties, connect: Connect | None, examiner: Examiner | None = None
    ) -> None:
        make = self._books.authentication
        assert make is not None, "without examiners every CONNECT with a method is refused"
        examiner = examiner or make()
        reason, data = self._ask(examiner, said.get("authentication_data", b""))
        link.exchange = Exchange(examiner, connect) if reason == CONTINUE else None
        answer: dict[str, Any] = {"authentication_method": link.method}
        if data is not None:
            answer["authentication_data"] = data
        if reason == CONTINUE or (reason == reasons.SUCCESS and connect is None):
            self._books.wire.answer(link, AUTH, Auth(reason, answer), reason)
        elif connect is None:
            self._books.wire.end(link, reason)  # [MQTT-4.12.1-2]
        elif reason == reasons.SUCCESS:
            self._accept(link, connect, answer)
        else:
            self._refuse(link, connect, reason)

    def _ask(self, examiner: Examiner, data: bytes) -> tuple[int, bytes | None]:
        try:
            return examiner.step(data)
        except Exception as error:
            sentence = f"the examiner raised {error!r}: that is the test's own defect"
            self._books.wire.violations.append(sentence)
            return UNSPECIFIED, None
