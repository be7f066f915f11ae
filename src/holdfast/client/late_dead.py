"""``Limits(overdue="dead_letter")``: without a file, what holds up the line is given up (contract 13)."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.client.dead_letters import DeadLetters
from holdfast.client.dispatcher import Dispatcher
from holdfast.protocol import Delivery

NAME = "the line"


class LateDead:
    """Of one run. A handler that is at such a message is left to finish, and its outcome means nothing."""

    def __init__(self, dispatcher: Dispatcher, letters: DeadLetters, limit_s: float) -> None:
        """``dispatcher`` acknowledges to the engine already."""
        self._dispatcher = dispatcher
        self._letters = letters
        self._reason = f"it held up the others for {limit_s:g} s"
        self._acknowledge: Callable[[Delivery], None] = dispatcher.ack
        self._gone: dict[int, Delivery] = {}

    def given_up(self, delivery: Delivery) -> bool:
        """Whether it is, so that it is not tried again."""
        return id(delivery) in self._gone

    def late(self, delivery: Delivery) -> None:
        """Make this a dead letter, and acknowledge it; not what is nobody's, or a reader's."""
        takers = [consumer for consumer, _ in self._dispatcher.takers(delivery)]
        if self.given_up(delivery) or not takers or any(one.reads for one in takers):
            return
        self._gone[id(delivery)] = delivery
        self._dispatcher.ack = self._settle
        self._letters.bury(NAME, (delivery, delivery, 0, None), self._reason, lambda: None)
        self._acknowledge(delivery)

    def _settle(self, delivery: Delivery) -> None:
        """The dispatcher's ``ack`` while handlers are at what was given up."""
        if self._gone.pop(id(delivery), None) is None:
            self._acknowledge(delivery)
        if not self._gone:
            self._dispatcher.ack = self._acknowledge
