"""Scripted faults: what a test wants held back, lost or refused."""

from __future__ import annotations

from typing import Any, Literal

from holdfast.codec.packet_types import NAMES
from holdfast.errors import ConfigurationError

Script = tuple[str, tuple[Any, ...], dict[str, Any]]
"""``hold``, ``drop`` or ``refuse``, and its arguments."""

Sender = Literal["broker", "client"]
REFUSABLE = ("CONNECT", "PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE")


class Faults:
    """The scripts in force. ``held`` keeps what was held, with whatever the caller needs to let it go."""

    def __init__(self) -> None:
        self._held_types: set[tuple[str, Sender]] = set()
        self._drops: dict[tuple[str, Sender], int] = {}
        self._refusals: dict[str, tuple[int, int | None]] = {}
        self.reference: str | None = None
        self.held: list[tuple[Sender, Any]] = []
        self.active = False

    def hold(self, packet: str, sender: Sender) -> None:
        """Packets of this type wait until ``release``. Raises ConfigurationError."""
        self._held_types.add(_key(packet, sender))
        self.active = True

    def drop(self, packet: str, times: int, sender: Sender) -> None:
        """The next packets of this type vanish. Raises ConfigurationError."""
        key = _key(packet, sender)
        self._drops[key] = self._drops.get(key, 0) + times
        self.active = True

    def refuse(self, packet: str, reason: int, times: int | None) -> None:
        """The next packets of this type are answered with this reason; None: all of them."""
        if packet not in REFUSABLE:
            raise ConfigurationError(f"{packet!r} cannot be refused, only {', '.join(REFUSABLE)} can")
        self._refusals[packet] = (reason, times)
        self.active = True

    def refer(self, reference: str, reason: int) -> None:
        """Every CONNECT is answered with this reason, and a reference to other servers."""
        self.refuse("CONNECT", reason, None)
        self.reference = reference

    def scripts(self) -> list[Script]:
        """The calls that make a new object do what this one would."""
        return [
            *(("hold", key, {}) for key in sorted(self._held_types)),
            *(("drop", (packet, n, sender), {}) for (packet, sender), n in self._drops.items() if n),
            *(("refuse", (packet, *rest), {}) for packet, rest in self._refusals.items()),
            *(("refer", (text, self._refusals["CONNECT"][0]), {}) for text in (self.reference,) if text),
        ]

    def release(self) -> list[tuple[Sender, Any]]:
        """End every script; gives what was held, in order."""
        held = self.held
        self.__init__()  # type: ignore[misc]  # as new
        return held

    def lets_pass(self, packet: str, sender: Sender, item: object) -> bool:
        """Whether this packet goes on now; a held one is kept as ``item``."""
        key = (packet, sender)
        if self._drops.get(key, 0):
            self._drops[key] -= 1
            return False
        if key in self._held_types:
            self.held.append((sender, item))
            return False
        return True

    def refusal(self, packet: str) -> int | None:
        """The reason to refuse this packet with, if one is scripted."""
        if not self._refusals:
            return None
        reason, times = self._refusals.get(packet, (None, 0))
        if times == 1:
            del self._refusals[packet]
        elif times and reason is not None:
            self._refusals[packet] = (reason, times - 1)
        return reason


def _key(packet: str, sender: Sender) -> tuple[str, Sender]:
    if packet not in NAMES[1:]:
        raise ConfigurationError(f"{packet!r} is no packet type", hint=f"one of {', '.join(NAMES[1:])}")
    if sender not in ("broker", "client"):
        raise ConfigurationError(f"sender is {sender!r}, it must be 'broker' or 'client'")
    return packet, sender
