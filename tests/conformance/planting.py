"""How a behaviour is taken out of the core: patches of methods, and of the packets that leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from holdfast.codec import (
    Decoder,
    Packet,
    encode,
)
from holdfast.protocol.session import Session

Patch = pytest.MonkeyPatch
Removal = Callable[[Patch], None]


def _nothing(*arguments: object, **named: object) -> None:
    """In place of a method: what it did is not done."""


def without(owner: type, name: str) -> Removal:
    """The method does nothing any more."""
    return lambda patch: patch.setattr(owner, name, _nothing)


def before(owner: type, name: str, extra: Callable[..., None]) -> Removal:
    """``extra`` is done first, with the same arguments."""
    original = getattr(owner, name)

    def method(self: Any, *arguments: Any) -> Any:
        extra(self, *arguments)
        return original(self, *arguments)

    return lambda patch: patch.setattr(owner, name, method)


def after(owner: type, name: str, extra: Callable[..., None]) -> Removal:
    """``extra`` is done afterwards, with the same arguments."""
    original = getattr(owner, name)

    def method(self: Any, *arguments: Any) -> Any:
        result = original(self, *arguments)
        extra(self, *arguments)
        return result

    return lambda patch: patch.setattr(owner, name, method)


def unless(owner: type, name: str, skip: Callable[..., bool]) -> Removal:
    """The method does nothing where ``skip`` says so."""
    original = getattr(owner, name)

    def method(self: Any, *arguments: Any) -> Any:
        return None if skip(self, *arguments) else original(self, *arguments)

    return lambda patch: patch.setattr(owner, name, method)


def rewritten(transform: Callable[[Packet], list[Packet]]) -> Removal:
    """What leaves is replaced packet by packet."""
    original = Session.send

    def send(self: Session, now: float) -> bytes:
        packets: list[Packet] = []
        version = self._request.version
        Decoder(version).feed(original(self, now), packets)
        return b"".join(encode(new, version) for old in packets for new in transform(old))

    return lambda patch: patch.setattr(Session, "send", send)
