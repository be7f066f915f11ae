"""The port every transport fills in: a byte stream both ways, and its news."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """An open connection."""

    def write(self, data: bytes) -> None:
        """Hand over bytes; never blocks, never raises on a dead link."""

    def read(self, wanted: bool) -> None:
        """Switch reading off, so that the peer is slowed down, or on again."""

    def close(self) -> None:
        """Write what was handed over and end our side; closed when the peer ends its own, or at ``abort``."""

    def abort(self) -> None:
        """Close now."""


class LinkUser(Protocol):
    """Who is told what happens on a link."""

    def received(self, data: bytes) -> None:
        """Bytes came in; empty: some that only show that the peer lives, as part of a WebSocket frame."""

    def writable(self, yes: bool) -> None:
        """The peer takes bytes more slowly than we hand them over, or has caught up."""

    def lost(self, error: Exception | None) -> None:
        """The link is gone; told once. None: it was closed without an error."""
