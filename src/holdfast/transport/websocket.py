"""MQTT in WebSocket frames (MQTT 5 §6, RFC 6455), spoken by the sans-I/O half of websockets.

It stands between two of the same port: to the TCP or TLS link below it is the user, to its own
user it is the link. Packets need not begin or end with frames [MQTT-6.0.0-2]: what the frames of
one chunk hold is joined and told at once, and what is written at once is one frame.
"""

from __future__ import annotations

import asyncio
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage, InvalidStatus, NegotiationError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from holdfast.transport.address import Address
from holdfast.transport.failures import WebSocketFailed
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.urls import safe

MQTT = Subprotocol("mqtt")  # [MQTT-6.0.0-3]

LARGEST_FRAME = 268_435_460
"""Bytes; the largest MQTT packet. A frame is told when it is whole, so it is what memory must hold."""

PEER_CLOSES_WITHIN_S = 1.0
"""A server that said Close ends the TCP connection (RFC 6455 §7.1.1); one that does not is cut."""

_PLAIN_CLOSE = {CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD}


class WebSocketLink:
    """One WebSocket on a link that is open."""

    def __init__(self, address: Address, user: LinkUser) -> None:
        self._user = user
        self._inner: Link | None = None
        self._protocol = ClientProtocol(_uri(address), subprotocols=[MQTT], max_size=(None, LARGEST_FRAME))
        self._protocol.debug = False  # it would log every frame, CONNECT with its password among them
        self._answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_open = False
        self._is_full = False
        self._owed = b""
        self._error: Exception | None = None
        self._cut: asyncio.TimerHandle | None = None

    async def open(self, inner: Link) -> None:
        """Shake hands on this link. Raises WebSocketFailed, or the error that ended the link."""
        self._inner = inner
        self._protocol.send_request(self._protocol.connect())
        self._reply()
        try:
            await self._answer
        except BaseException:
            inner.abort()
            raise

    # our side

    def write(self, data: bytes) -> None:
        """Hand over bytes, as one binary frame [MQTT-6.0.0-1]; never blocks."""
        if self._inner is not None and self._protocol.state is State.OPEN:
            self._protocol.send_binary(data)
            self._inner.write(b"".join(self._protocol.data_to_send()))

    def read(self, wanted: bool) -> None:
        """Switch reading off or on."""
        if self._inner is not None and self._protocol.state is State.OPEN:
            self._inner.read(wanted)

    def close(self) -> None:
        """Say Close behind what was handed over; the link is closed when the server ends it."""
        if self._inner is not None and self._protocol.state is State.OPEN:
            self._inner.read(True)  # what answers our Close may stand behind much that is unread
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._inner.write(b"".join(self._protocol.data_to_send()))

    def abort(self) -> None:
        """Close now."""
        if self._inner is not None:
            self._inner.abort()

    # the inner link's side

    def received(self, data: bytes) -> None:
        """Bytes came in: a piece of the handshake, or of frames."""
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        if not self._is_open:
            events = self._shake(events)
        payload = self._payload(cast(list[Frame], events))
        self._reply()
        if self._is_open:
            self._user.received(payload)  # of part of a frame, or a ping, it is empty
            if self._protocol.state is not State.OPEN:
                self._wind_up()

    def writable(self, yes: bool) -> None:
        """The server takes bytes more slowly than we hand them over, or has caught up."""
        self._is_full = not yes
        if yes:
            owed, self._owed = self._owed, b""
            if owed and self._inner is not None:
                self._inner.write(owed)
        if self._is_open:
            self._user.writable(yes)

    def lost(self, error: Exception | None) -> None:
        """The inner link is gone."""
        self._protocol.receive_eof()  # a WebSocket that is not open, or open no more
        if self._cut is not None:
            self._cut.cancel()
        if self._is_open:
            self._user.lost(self._error or error)
        else:
            refusal = self._protocol.handshake_exc
            ended = error or (WebSocketFailed("ended", "") if isinstance(refusal, InvalidMessage) else None)
            self._refuse(ended or _refusal(refusal))

    # between the two

    def _shake(self, events: list[Request | Response | Frame]) -> list[Request | Response | Frame]:
        """Look whether our handshake is answered; gives the frames behind the answer."""
        if self._protocol.handshake_exc is not None:
            self._refuse(_refusal(self._protocol.handshake_exc))
        elif events and not self._answer.done():
            if self._protocol.subprotocol == MQTT:
                self._is_open = True
                self._answer.set_result(None)
                return events[1:]
            self._refuse(WebSocketFailed("subprotocol", "the server chose no subprotocol"))
        return []

    def _refuse(self, error: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)
            self._answer.exception()  # seen: who waits for it may be cancelled in this turn

    def _payload(self, frames: list[Frame]) -> bytes:
        """What the data frames hold; a text frame ends the connection [MQTT-6.0.0-1]."""
        parts = []
        for frame in frames:
            if frame.opcode is Opcode.BINARY or frame.opcode is Opcode.CONT:
                parts.append(frame.data)
            elif frame.opcode is Opcode.TEXT:
                self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "MQTT needs binary frames")
                self._error = WebSocketFailed("broken", "it sent a text frame [MQTT-6.0.0-1]")
                break
        return b"".join(parts)

    def _reply(self) -> None:
        """Send what the protocol has to say: pongs, and Close."""
        said = [one for one in self._protocol.data_to_send() if one]
        if not said or self._inner is None:
            return
        if self._is_full and self._protocol.state is State.OPEN:
            self._owed = said[-1]  # only the latest ping need be answered (RFC 6455 §5.5.3)
        else:
            self._inner.write(b"".join(said))

    def _wind_up(self) -> None:
        """No frame comes any more: the server said Close, or what it sent was none."""
        if self._cut is not None:
            return
        if self._protocol.parser_exc is not None and self._error is None:
            self._error = WebSocketFailed("broken", str(self._protocol.parser_exc))
        if self._error is not None:
            self.abort()
        elif self._protocol.close_rcvd_then_sent:
            self._error = _closing(self._protocol)
            self._cut = asyncio.get_running_loop().call_later(PEER_CLOSES_WITHIN_S, self.abort)


def _uri(address: Address) -> WebSocketURI:
    """Host and port as the handshake's Host header names them; who we are is said in CONNECT."""
    host = address.host.partition("%")[0]  # the zone of an IPv6 address is of no use to others
    if ":" not in host:
        host = host.encode("idna").decode()
    return WebSocketURI(address.encrypted, host, address.port, address.path, "")


def _closing(protocol: ClientProtocol) -> WebSocketFailed | None:
    """What a Close of the server is told as; None where it means only the end (RFC 6455 §7.4.1)."""
    close = protocol.close_rcvd
    if close is None or close.code in _PLAIN_CLOSE:
        return None
    status = close.code if close.code == CloseCode.MESSAGE_TOO_BIG else "closed"
    return WebSocketFailed(status, str(close))


def _refusal(error: Exception | None) -> WebSocketFailed:
    """Why there is no WebSocket, from what websockets makes of the answer."""
    if isinstance(error, InvalidStatus):
        return _http(error.response)
    if isinstance(error, InvalidMessage):
        return WebSocketFailed("unspoken", "the answer is no HTTP/1.1")
    if isinstance(error, NegotiationError) and "subprotocol" in str(error):
        return WebSocketFailed("subprotocol", "the server chose another subprotocol")
    return WebSocketFailed("unspoken", str(error))


def _http(response: Response) -> WebSocketFailed:
    status = response.status_code
    location = response.headers.get("Location")
    if 300 <= status < 400 and location:
        return WebSocketFailed(status, safe(location))
    return WebSocketFailed(status, f"HTTP {status} {response.reason_phrase}")
