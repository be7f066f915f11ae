"""A client's link as the demo sees it: when it came up, when it was lost and why."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable
from typing import NamedTuple

from holdfast.client import Client, Status
from holdfast.client.events import Connected, Disconnected, MessageFailed


class Link(NamedTuple):
    """One link; moments are seconds on the monotonic clock, which all processes share. None: not yet."""

    name: str
    up: bool = False
    up_at: float | None = None
    lost_at: float | None = None
    cause: str | None = None
    heard_at: float | None = None


class Observer:
    """Follows the events of one client, from its making on.

    ``changed`` is told that the link came up or was lost, ``failed`` the sequence number of a message
    that failed, and why.
    """

    def __init__(
        self,
        client: Client,
        changed: Callable[[], None] = lambda: None,
        failed: Callable[[int, str], None] = lambda number, why: None,
    ) -> None:
        self._client = client
        self._events = client.events()
        self._changed = changed
        self._failed = failed
        self._seen = Link(client.client_id)

    @property
    def link(self) -> Link:
        """As it is now."""
        snapshot = self._client.snapshot()
        last_in_s = snapshot.last_in_s
        heard_at = None if last_in_s is None else get_running_loop().time() - last_in_s
        return self._seen._replace(up=snapshot.status is Status.CONNECTED, heard_at=heard_at)

    async def follow(self) -> None:
        """Until the client is stopped."""
        async for event in self._events:
            now = get_running_loop().time()
            if isinstance(event, Connected):
                self._seen = self._seen._replace(up_at=now)
            elif isinstance(event, Disconnected):
                self._seen = self._seen._replace(lost_at=now, cause=event.cause)
            elif isinstance(event, MessageFailed):
                self._failed(event.id, str(event.error))
                continue
            else:
                continue
            self._changed()
