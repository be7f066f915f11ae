"""Errors that only some transports know; each carries a ``status`` that the verdicts look up.

They are ConnectionErrors, so that whoever handles an OSError of a link handles them too. Their
words may come from the other side, so they are cut to a length, and never hold a login of ours.
"""

from __future__ import annotations

LONGEST_WORDS = 120


class _Failed(ConnectionError):
    """What went wrong, as a ``status`` (a word of ours or a code of the standard) and in words."""

    def __init__(self, status: int | str, words: str) -> None:
        cut = words if len(words) <= LONGEST_WORDS else f"{words[:LONGEST_WORDS]}..."
        super().__init__(" ".join(cut.split()))
        self.status = status


class UnixFailed(_Failed):
    """The socket's file: ``missing``, ``denied`` or ``refused``."""


class WebSocketFailed(_Failed):
    """The handshake or the frames (RFC 6455).

    ``status``: an HTTP status that is not 101; a close code; or ``ended`` (no answer),
    ``unspoken`` (no WebSocket), ``subprotocol`` (no MQTT), ``closed``, ``broken``.
    """


class ProxyFailed(_Failed):
    """The way to the broker ended at the proxy, at ``place``.

    ``status``: ``refused``, ``name``, ``unreachable`` (the proxy itself); ``closed``,
    ``unspoken`` (no proxy of this kind); ``login``, ``forbidden``; ``beyond`` (it did not get
    to the broker).
    """

    def __init__(self, status: str, words: str, place: str) -> None:
        super().__init__(status, words)
        self.place = place
