"""The other end of a WebSocket: a server that does as it is told, and one that only answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from tests.support.sockets import Peer


class WebSocketPeer(Peer):
    """``data`` is what came in binary frames, ``frames`` each of them; ``ended``: a Close or FIN came."""

    def __init__(self, peers: list[Any]) -> None:
        super().__init__(peers)
        self.protocol = ServerProtocol(subprotocols=[Subprotocol("mqtt")], max_size=None)
        self.request: Request | None = None
        self.frames: list[Frame] = []
        self._waiting: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.request = event
                self.protocol.send_response(self.protocol.accept(event))
            elif isinstance(event, Frame):
                self.frames.append(event)
                if event.opcode is Opcode.BINARY:
                    self.data += event.data
                elif event.opcode is Opcode.CLOSE:
                    self.ended = True
        self.flush()
        if self.protocol.state is State.OPEN:
            for waiting in self._waiting:
                self.write(waiting)
            self._waiting.clear()

    def eof_received(self) -> bool:
        self.ended = True
        self.protocol.receive_eof()
        self.flush()
        return False

    def write(self, data: bytes) -> None:
        """As one binary frame; before the handshake it waits."""
        if self.protocol.state is State.CONNECTING:
            self._waiting.append(data)
        else:
            self.protocol.send_binary(data)
            self.flush()

    def raw(self, data: bytes) -> None:
        """These bytes, whatever they are."""
        self.transport.write(data)

    def end(self) -> None:
        """Say Close."""
        self.close(CloseCode.NORMAL_CLOSURE)

    def close(self, code: int, reason: str = "") -> None:
        """Say Close with this code."""
        self.protocol.send_close(code, reason)
        self.flush()

    def flush(self) -> None:
        """Send what the protocol has to say."""
        for piece in self.protocol.data_to_send():
            if piece:
                self.transport.write(piece)
            elif self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()


def choosing(*subprotocols: str) -> type[WebSocketPeer]:
    """A server that knows these subprotocols, whatever was offered; none: it names none."""

    class Choosing(WebSocketPeer):
        def __init__(self, peers: list[Any]) -> None:
            super().__init__(peers)
            chosen = Subprotocol(subprotocols[0]) if subprotocols else None
            self.protocol = ServerProtocol(select_subprotocol=lambda _, __: chosen)

    return Choosing


def answering(answer: bytes, *, ends: bool = False) -> Callable[[list[Any]], Peer]:
    """A server that answers any request head with these bytes, and may hang up behind them."""

    class Answering(Peer):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if b"\r\n\r\n" in self.data:
                self.transport.write(answer)
                if ends:
                    asyncio.get_running_loop().call_soon(self.transport.close)

    return Answering
