"""Who must have forgotten QoS 2 identifiers before the broker may use them again (contract 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.protocol import ReleaseAsked


class Holder(Protocol):
    """Who remembers identifiers of messages that came in.

    ``name``: several may have the same; ``place``: what tells those apart.
    """

    name: str
    place: str

    def release_asked(self, asked: ReleaseAsked) -> None:
        """The broker releases these: forget them, and say so (``Releases.forgotten``)."""


class Releases:
    """The holders of one client, on its loop; PUBCOMP leaves when all of them have forgotten."""

    def __init__(self) -> None:
        self.answer: Callable[[ReleaseAsked], None] = _ignore
        self._holders: list[Holder] = []
        self._open: list[tuple[ReleaseAsked, list[Holder]]] = []

    def join(self, holder: Holder) -> None:
        """Ask this one, too."""
        self._holders.append(holder)

    def name_of(self, holder: Holder) -> str:
        """Its name, with its place where others have the same name: in whichever order they joined."""
        alone = sum(one.name == holder.name for one in self._holders) == 1
        return holder.name if alone else f"{holder.name} into {holder.place}"

    @property
    def names(self) -> list[str]:
        """Those of all."""
        return [self.name_of(one) for one in self._holders]

    @property
    def open(self) -> bool:
        """Whether somebody has not forgotten yet what the broker releases: it waits for PUBCOMP."""
        return bool(self._open)

    def end(self) -> None:
        """The run is over: nobody would hear an answer, and the broker asks again."""
        self.answer, self._open = _ignore, []

    def leave(self, holder: Holder) -> None:
        """Ask this one no more; what waits for its answer waits no longer."""
        self._holders.remove(holder)
        for asked, waited_for in list(self._open):
            if holder in waited_for:
                self._forgotten(holder, asked, waited_for)

    def asked(self, asked: ReleaseAsked) -> None:
        """The broker releases these."""
        if not self._holders:
            self.answer(asked)
            return
        self._open.append((asked, list(self._holders)))
        for holder in list(self._holders):
            holder.release_asked(asked)

    def forgotten(self, holder: Holder, asked: ReleaseAsked) -> None:
        """This holder has forgotten them."""
        for one, waited_for in self._open:
            if one is asked:
                self._forgotten(holder, asked, waited_for)
                return

    def _forgotten(self, holder: Holder, asked: ReleaseAsked, waited_for: list[Holder]) -> None:
        waited_for.remove(holder)
        if not waited_for:
            self._open = [entry for entry in self._open if entry[0] is not asked]
            self.answer(asked)


def _ignore(_asked: ReleaseAsked) -> None:
    """No run has begun."""
