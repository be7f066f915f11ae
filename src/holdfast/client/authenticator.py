"""What an application writes to authenticate with more than a password (MQTT 5 §4.12)."""

from __future__ import annotations

from collections.abc import Awaitable


class Authenticator:
    """One authentication exchange: subclass it, name the method, override what the method needs.

    A fresh one is made for every connection attempt and every re-authentication, so whatever an
    exchange remembers (nonces, keys) is an attribute, and nothing of an earlier one is left over.
    Each step is a plain function, which must not block, or a coroutine function, which may take its
    time: it counts against ``Reconnect.attempt_timeout_s``. A step that raises ends the connection;
    only the class and the place of the error are told, because its words may hold a secret.
    """

    method: str = ""
    """The authentication method as the broker knows it, as in ``"SCRAM-SHA-256"``."""

    def start(self) -> bytes | Awaitable[bytes | None] | None:
        """The data that opens the exchange: in CONNECT, or in AUTH when authenticating again."""
        return None

    def challenge(self, data: bytes) -> bytes | Awaitable[bytes | None] | None:
        """The answer to one challenge of the broker; ``b""`` is a challenge without data."""
        raise NotImplementedError("a challenge, and this authenticator knows no answer")

    def finish(self, data: bytes) -> Awaitable[None] | None:
        """Check the broker's own proof, which comes with its acceptance; ``b""``: it sent none.

        Raise if it is none: nothing was sent to this broker until now, and nothing will be.
        """
        return None
