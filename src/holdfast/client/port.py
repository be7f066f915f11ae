"""The border between what keeps the link and what the application sees of it.

On one side the engine, its supervisor and the authentication (``client.drive``); on the other
receipts, handlers, subscriptions and events. Both may be on one loop, or the first on a thread
of its own (``client.isolation``): whoever is on the other side cannot tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from holdfast.client.engine import Outlet
from holdfast.client.mailbox import Mailbox
from holdfast.client.precedence import Precedence
from holdfast.client.receipts import Receipts
from holdfast.client.state import State
from holdfast.client.watch import Watched
from holdfast.protocol import Delivery, Intent, ReleaseAsked


class Inwards(Protocol):
    """What is handed to the engine, and its numbers; all but ``accepted`` on the application's loop."""

    woken: bool
    """It will look once more: what was accepted just now is seen."""

    @property
    def last_in(self) -> float | None:
        """When bytes came in, on the client's clock."""

    @property
    def last_out(self) -> float | None:
        """When bytes left."""

    gather: Callable[[], int]
    """Hands over what was gathered on the application's loop; called there, in the turn of ``gathered``."""

    def gathered(self) -> None:
        """A call to publish waits to be handed over, on the application's loop."""

    def accepted(self) -> None:
        """A row was accepted, on any thread. Raises RuntimeError when its loop was closed under it."""

    def wake(self) -> None:
        """There may be something to send."""

    def ack(self, delivery: Delivery) -> None:
        """This message was handled."""

    def complete(self, asked: ReleaseAsked) -> None:
        """Whoever remembered these identifiers has forgotten them."""

    def subscribe(self, intents: Iterable[Intent]) -> None:
        """Want these subscriptions."""

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Want these subscriptions no more."""

    @property
    def reading(self) -> bool:
        """Whether the link is read: handlers keep up."""

    @property
    def handled(self) -> int:
        """Messages acknowledged by their consumers."""

    @property
    def dropped(self) -> int:
        """QoS 0 messages for which there was no room."""


class Keeper(Protocol):
    """Who keeps the link; on the application's loop, but for ``redial``."""

    @property
    def over(self) -> bool:
        """Whether nobody dials any more."""

    @property
    def lingers(self) -> bool:
        """Closed, but not gone: a function of the application blocks it."""

    def redial(self) -> None:
        """Try to connect now; any thread."""

    async def reauthenticate(self, timeout_s: float | None) -> None:
        """Authenticate on the live connection again."""

    async def settled(self) -> None:
        """What the engine has told until now has arrived when this returns."""

    async def farewell(self, timeout_s: float) -> None:
        """Say that we go offline, where our beginning was told, and wait so long at most for PUBACK."""

    async def disconnect(self, session_expiry_s: int | None, timeout_s: float) -> None:
        """Say DISCONNECT, and wait so long at most until the link is closed."""

    async def end(self, others: Sequence[asyncio.Task[Any]], timeout_s: float) -> None:
        """Dial no more; waits for that and for these cancelled tasks, so long at most."""

    def close(self, gone: Sequence[str]) -> None:
        """Nothing is left of it when this returns; the next run does not want these subscriptions."""


class Run(Protocol):
    """The application's side."""

    loop: asyncio.AbstractEventLoop
    here: Mailbox
    precedence: Precedence
    receipts: Receipts
    state: State
    watched: Watched

    @property
    def telling(self) -> Outlet:
        """Who is told what came of the batches."""

    def committed(self) -> None:
        """A commit has happened."""

    def nobody_dials(self, error: BaseException | None, what: str) -> None:
        """All attempts are used up, or ``what`` has failed."""
