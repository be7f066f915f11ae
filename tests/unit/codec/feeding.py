"""Bytes into a fresh decoder, whole or in pieces."""

from __future__ import annotations

from holdfast.codec import V5, Decoder, MalformedPacket, Packet, Version

LIMIT = 16 << 20


def attempt(
    data: bytes, version: Version = V5, step: int = 0, limit: int = LIMIT
) -> tuple[list[Packet], MalformedPacket | None]:
    """The packets, and the error if there was one; pieces of ``step`` bytes (0: at once)."""
    decoder = Decoder(version, limit)
    out: list[Packet] = []
    size = step or len(data) or 1
    try:
        for start in range(0, max(len(data), 1), size):
            decoder.feed(data[start : start + size], out)
    except MalformedPacket as error:
        return out, error
    return out, None


def fed(data: bytes, version: Version = V5, step: int = 0, limit: int = LIMIT) -> list[Packet]:
    """The packets of legal bytes."""
    out, error = attempt(data, version, step, limit)
    assert error is None, error
    return out


def refused(data: bytes, version: Version = V5, step: int = 0) -> MalformedPacket:
    """The error of illegal bytes that hold no whole legal packet before."""
    out, error = attempt(data, version, step)
    assert out == []
    assert error is not None
    return error
