"""Enhanced authentication on one connection (MQTT 5 §4.12): whose turn it is, and what that allows.

    turn      what happens                            next turn   what comes of it
    NOBODY    CONNECT without a method                NOBODY      any AUTH breaks the protocol [MQTT-4.12.0-6]
    BROKER    AUTH 0x18                               OURS        ``Challenge`` is told
              CONNACK 0, or AUTH 0 once connected     PROOF       ``Challenge(final)`` is told
    OURS      answer                                  BROKER      AUTH 0x18 leaves [MQTT-4.12.0-3]
    PROOF     answer: the broker has proved itself    DONE        the connection opens, or ``Reauthenticated``
    DONE      reauthenticate                          BROKER      AUTH 0x19 leaves [MQTT-4.12.1-1]

    CONNECT with a method begins at BROKER. Everything else that comes is a protocol error, and so is
    a method that is missing or not the one of CONNECT [MQTT-4.12.0-5].

What a challenge means, and what answers it, is nobody's business here: data goes out as a value and
comes back in a call, between which any time may pass. While the broker has yet to prove itself
nothing of ours is sent to it and nothing of its own is believed; once connected, everything flows on.
"""

from __future__ import annotations

from typing import Literal

from holdfast.codec import V5, Auth, Connack, Packet, encode
from holdfast.errors import TooLarge
from holdfast.messages import Properties
from holdfast.protocol.events import Challenge, ProtocolError, Reauthenticated, SessionEvent
from holdfast.protocol.terms import ConnectRequest
from holdfast.protocol.wire import Wire

SUCCESS = 0x00
CONTINUE = 0x18
REAUTHENTICATE = 0x19
PROTOCOL_ERROR = 0x82
HELD_BYTES = 1 << 20
"""What a broker may send that has yet to prove itself; a driver that stops reading never meets it."""

Turn = Literal["nobody", "broker", "ours", "proof", "done"]
"""The turns above."""


class Authentication:
    """The exchange of one connection at a time; ``held``: what came before the broker had proved itself."""

    __slots__ = (
        *("_challenge", "_connack", "_connected", "_held_bytes", "_method", "_tell", "_wire"),
        *("held", "max_packet_bytes", "turn"),
    )

    def __init__(self, wire: Wire, tell: list[SessionEvent]) -> None:
        self._wire = wire
        self._tell = tell
        self._method: str | None = None
        self.max_packet_bytes: int | None = None
        self.turn: Turn = "nobody"
        self.close()

    def open(self, request: ConnectRequest) -> None:
        """CONNECT is about to leave."""
        self._method = request.authentication_method
        self.max_packet_bytes = None
        self.turn = "nobody" if self._method is None else "broker"

    def close(self) -> None:
        """The connection is ending: what is still out needs no answer."""
        self.turn = "nobody"
        self._connected = False
        self._challenge: Challenge | None = None
        self._connack = Connack()
        self.held: list[Packet] = []
        self._held_bytes = 0

    # -- what comes in -----------------------------------------------------------------------

    def accepted(self, packet: Connack) -> bool:
        """CONNACK 0 came; whether its last word is to be checked before anything is believed."""
        if self._method is None:
            if "authentication_method" in packet.properties:
                raise ProtocolError(PROTOCOL_ERROR, "an authentication method that we did not ask for")
            return False
        self._check(packet.properties, "CONNACK")
        if self.turn != "broker":
            raise ProtocolError(PROTOCOL_ERROR, "CONNACK before our answer to its challenge")
        self._ask(packet.properties, True)
        self._connack = packet
        return True

    def has_room(self, size: int) -> bool:
        """Whether so many more bytes may come from a broker that has yet to prove itself."""
        self._held_bytes += size
        return self._held_bytes <= HELD_BYTES

    def release(self) -> tuple[Connack, list[Packet]]:
        """The broker has proved itself: its CONNACK, and what came behind it."""
        held, self.held, self._held_bytes = self.held, [], 0
        return self._connack, held

    def auth(self, packet: Auth) -> None:
        """AUTH came."""
        if self._method is None:
            raise ProtocolError(PROTOCOL_ERROR, "AUTH, though we sent no authentication method")
        self._check(packet.properties, "AUTH")
        final = packet.reason == SUCCESS and self._connected
        if self.turn != "broker" or not (final or packet.reason == CONTINUE):
            raise ProtocolError(PROTOCOL_ERROR, f"AUTH 0x{packet.reason:02X} out of turn")
        self._ask(packet.properties, final)

    def _check(self, properties: Properties, name: str) -> None:
        if properties.get("authentication_method") != self._method:
            sentence = f"{name} without our authentication method [MQTT-4.12.0-5]"
            raise ProtocolError(PROTOCOL_ERROR, sentence)

    def _ask(self, properties: Properties, final: bool) -> None:
        self.turn = "proof" if final else "ours"
        self._challenge = Challenge(properties.get("authentication_data"), final)
        self._tell.append(self._challenge)

    # -- what goes out -----------------------------------------------------------------------

    def waits_for(self, challenge: Challenge | None) -> bool:
        """Whether this is the challenge that is out; None: whether any exchange is going on."""
        if challenge is None:
            return self.turn not in ("nobody", "done")
        return challenge is self._challenge

    def answer(self, data: bytes | None) -> None:
        """Answer the challenge that is out. Raises TooLarge."""
        self._challenge = None
        if self.turn == "ours":
            self._send(CONTINUE, data)
            return
        self.turn = "done"
        if self._connected:
            self._tell.append(Reauthenticated())
        self._connected = True

    def again(self, data: bytes | None) -> bool:
        """Begin a re-authentication; False: not now. Raises TooLarge."""
        if self.turn != "done":
            return False
        self._send(REAUTHENTICATE, data)
        return True

    def _send(self, reason: int, data: bytes | None) -> None:
        properties = {"authentication_method": self._method}
        packet = Auth(reason, properties if data is None else {**properties, "authentication_data": data})
        raw = encode(packet, V5)
        limit = self.max_packet_bytes
        if limit is not None and len(raw) > limit:  # [MQTT-3.2.2-15]
            raise TooLarge(f"an AUTH packet of {len(raw)} bytes, this broker takes {limit} at most")
        self.turn = "broker"
        self._wire.pass_by(raw)
