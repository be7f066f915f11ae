"""The order in which messages of one handler are kept (``shelf``): that in which they are handled.

    lane of a key:    in hand | waits | waits | waits | comes
    kept:             ───────────────▶ the first of them, none left out

The next process reads what is kept before it takes what comes. So in each lane the file has the first
messages, in their order: one is kept after those before it, or not. Where one of them cannot be
(the disk is full, or somebody reads it who keeps nothing) there is a gap: nothing behind it is kept until it
is closed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING

from holdfast.client.inbox import Item
from holdfast.client.places import Place
from holdfast.handling.lanes import NO_KEY
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.parking import Parking
    from holdfast.client.shelf import Shelf


class KeptLanes:
    """Of one handler, by the key; ``count``: kept messages that are in memory."""

    def __init__(self, parking: Parking, shelf: Shelf) -> None:
        self._parking = parking
        self._shelf = shelf
        self._kept: Counter[Hashable] = Counter()
        self._gaps: set[Hashable] = set()
        self.count = 0

    def __contains__(self, key: Hashable) -> bool:
        """Whether something with this key is kept, so that what comes waits for it."""
        return key in self._kept and key is not NO_KEY

    def came(self, key: Hashable) -> None:
        """One more is kept; of the first nobody knows yet what is behind it."""
        if key not in self._kept:
            self._gaps.add(key)
        self._kept[key] += 1
        self.count += 1

    def went(self, key: Hashable) -> None:
        """One has ended."""
        self._kept[key] -= 1
        self.count -= 1
        if not self._kept[key]:
            del self._kept[key]
            self._gaps.discard(key)

    def comes(self, item: Item, key: Hashable) -> None:
        """This one is about to be the last of its lane, in which something is kept: so is this, or soon."""
        _, delivery, index, shared = item
        # The others have yet to get what is shared.
        if shared or key in self._gaps or not self._keep(delivery, index, key):
            self._gaps.add(key)
            self._parking.loop.call_soon(self.keep, key)

    def keep(self, key: Hashable) -> list[Place]:
        """Keep all that has this key, as far as can be; gives where it stands with all its handlers."""
        places: list[Place] = []
        for _, delivery, index, shared in self._not_kept(key):
            if shared is None:
                kept = self._keep(delivery, index, key)
            else:
                found = self._parking.keep_up_to(delivery)
                kept, places = bool(found), places + found
            if not kept:
                self._gaps.add(key)
                return places
        self._gaps.discard(key)
        return places

    def are_whole(self, key: Hashable) -> bool:
        """Keep all that has this key; whether it is."""
        if key not in self._kept or key in self._gaps:
            self.keep(key)
        return key not in self._gaps

    def ahead(self, key: Hashable, delivery: Delivery) -> Delivery | None:
        """The first before this one in its lane that is not kept."""
        lane = [item[1] for item in self._not_kept(key)]
        return lane[0] if any(one is delivery for one in lane[1:]) else None

    def _not_kept(self, key: Hashable) -> list[Item]:
        lane = [] if key is NO_KEY else self._shelf.consumer.lane(key)
        return [item for item in lane if item[1].qos and not (item[1].done or self._parking.is_kept(item[1]))]

    def _keep(self, delivery: Delivery, index: int, key: Hashable) -> bool:
        return self._parking.keep(delivery, [self._shelf.place(delivery, index, key)])
