"""Messages that nobody takes: kept for whoever comes to want them, else dead letters (contract 15)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from holdfast.client.dead_letters import DeadLetters
from holdfast.client.dispatcher import Dispatcher
from holdfast.client.inbox import Shared
from holdfast.client.places import row
from holdfast.outbox.intake import UNCLAIMED
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.parking import Parking

NAME = "no handler or reader"


class Abandoned:
    """Of one run."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        letters: DeadLetters,
        tell: Callable[[Delivery, str], None],
        parking: Parking | None = None,
    ) -> None:
        """``tell`` hears what became of each; ``parking``: None: there is no file."""
        self._dispatcher = dispatcher
        self._letters = letters
        self._tell = tell
        self._parking = parking

    def give_up(self, delivery: Delivery, shared: Shared | None) -> bool:
        """Nobody took this message in time; False: there is no room in the file, and it waits once more."""
        if not delivery.qos:
            self._tell(delivery, "it was dropped")
            self._dispatcher.finish(delivery, shared)
        elif self._parking is None:
            self._tell(delivery, "it is a dead letter")
            done = partial(self._dispatcher.finish, delivery, shared)
            self._letters.bury(NAME, (delivery, delivery, 0, shared), "nobody took it", done)
        else:
            return self._keep(self._parking, delivery, shared)
        return True

    def _keep(self, parking: Parking, delivery: Delivery, shared: Shared | None) -> bool:
        commit = parking.hold([row(delivery, UNCLAIMED, "nobody took it")])
        if commit is not None:
            self._tell(delivery, "it is kept in the outbox file")
            parking.when(commit, lambda: self._dispatcher.finish(delivery, shared))
        return commit is not None
