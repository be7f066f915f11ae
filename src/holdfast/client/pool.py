"""A pool: several connections that publish as one, each key on one of them (contract 25).

publish(topic, key=) ── hash of the key ──▶ one of N clients, each with an outbox file of its own
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from holdfast.client.client import Client
from holdfast.client.content import ABSENT, Absent
from holdfast.client.events import Event
from holdfast.client.layout import Folder, Slot, shard
from holdfast.client.members import Members
from holdfast.client.outbox_option import Outbox
from holdfast.client.pool_options import Options, Publishing, Sending, Several
from holdfast.client.receipt import Receipt
from holdfast.client.setup import StrPath
from holdfast.client.status import Snapshot
from holdfast.client.together import together
from holdfast.client.waiting import check_time
from holdfast.errors import ConfigurationError, Timeout, Undelivered
from holdfast.messages import Payload
from holdfast.outbox import Ledger
from holdfast.outbox.tally import ENDINGS
from holdfast.values import replace

if TYPE_CHECKING:
    from holdfast.client.core import Core

MOST = 100
"""Connections of one pool."""

log = logging.getLogger("holdfast")


class Pool:
    """Several connections that publish as one: messages of one key keep their order, and wait for no other.

    The constructor does no I/O and needs no event loop; it raises ConfigurationError. It publishes only:
    to receive, use clients with one ``share=`` group.
    """

    def __init__(
        self,
        url: str | Sequence[str | Sequence[str]] = "mqtt://localhost",
        *,
        connections: int = 4,
        client_id: str | None = None,
        outbox: StrPath | Outbox | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Describe the connections; ``url`` and ``options`` are those of ``Client``, for each of them.

        ``connections``: how many, 1 to 100. ``client_id``: a name; the connections are NAME-0, NAME-1, and so
        on. None: as for a ``Client``, an id for each. ``outbox``: a folder in which each has a file, or
        ``Outbox(folder)``, whose budget is that of each; None is memory. With another number of connections
        than before, what the older files keep is sent first.
        """
        if not 1 <= connections <= MOST:
            raise ConfigurationError(f"connections must be 1 to {MOST}, not {connections}")
        if "will" in options:
            raise ConfigurationError(
                "a pool has no will: the end of one connection is not the end of all",
                hint="a Client beside it, with the will",
            )
        self._url = url
        self._options = options
        self._name = client_id
        self._outbox = outbox if isinstance(outbox, Outbox) else Outbox(outbox)
        self._folder = None if self._outbox.path is None else Folder(self._outbox.path)
        self._members = Members(self._client, self._folder, connections)

    def _client(self, slot: Slot) -> Client:
        outbox, client_id = self._outbox, slot.client_id(self._name)
        if self._folder is not None:
            outbox = replace(outbox, path=f"{self._folder.path}/{slot.file}")
        client = Client(self._url, client_id=client_id, outbox=outbox, **self._options)
        setup = client._setup
        if len(setup.groups) > 1 and setup.reconnect.fail_back_s is None:
            raise ConfigurationError(
                "a pool with fail_back_s=None: its connections could not come together again",
                hint="a long one, such as Reconnect(fail_back_s=86_400)",
            )
        return client

    # -- from start to stop ------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """``start``; never waits for the broker."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """``stop``; an error on its way out is not replaced by Undelivered."""
        try:
            await self.stop()
        except Undelivered as undelivered:
            if error is None:
                raise
            log.error("%s", undelivered)

    async def start(self) -> None:
        """Own the folder, open the files, begin to dial. Startable again after ``stop``.

        Raises OutboxError, where a file cannot be used: OutboxLocked, while another process has the folder;
        Stopped, where ``stop`` came meanwhile.
        """
        await self._members.start()

    async def stop(self, drain_s: float | None = None) -> Ledger:
        """Flush, say DISCONNECT on each connection; takes ``drain_s`` seconds at most.

        Accepts no more from here on. Gives the books of all. Raises Undelivered if messages are left
        that only memory held, OutboxError if a file did not take what was handed over. A second
        cancellation skips the drain. While a ``start`` is under way this one waits for its end, ``drain_s``
        seconds at most.
        """
        run = self._core
        return await (run.hop(self._stop(drain_s)) if run else self._stop(drain_s))

    async def _stop(self, drain_s: float | None) -> Ledger:
        await self._members.stop(drain_s)
        return self.ledger()

    async def ready(self, timeout_s: float | None = None) -> None:
        """Wait until every connection is there. Raises NotReady (with the cause), Stopped."""
        await together(client.ready(timeout_s) for client in self._members.clients)

    async def flush(self, timeout_s: float | None = None) -> None:
        """Wait until nothing is pending any more, but what is parked for other terms.

        Raises Timeout, Stopped.
        """
        await self._running().hop(self._flush(timeout_s))

    async def _flush(self, timeout_s: float | None) -> None:
        check_time(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                await self._older_sent()
                await together(client.flush() for client in self._members.clients)
        except TimeoutError:
            pending = self.ledger().pending
            raise Timeout(f"{pending} messages are still pending after {timeout_s} s") from None

    async def _older_sent(self) -> None:
        succession = self._members.succession
        if succession is not None:
            await asyncio.wait([succession])
            if not succession.cancelled():
                succession.result()

    def redial(self) -> None:
        """Try to connect now, and begin the backoff anew; any thread. Connected: nothing happens."""
        self._running()
        for client in self._members.running:
            client.redial()

    def _running(self) -> Core:
        return self._members.clients[0]._running()

    @property
    def _core(self) -> Core | None:
        return next((client._core for client in self._members.running), None)

    # -- publishing --------------------------------------------------------------------------

    async def publish(
        self,
        topic: str,
        payload: Payload | Absent = ABSENT,
        *,
        key: str | None = None,
        **options: Unpack[Publishing],
    ) -> Receipt:
        """As ``Client.publish``, on the connection of this key; None: the topic is the key.

        Messages of one key keep their order. While that connection is away they wait in its outbox, and
        those of other connections go on.
        """
        return await self._of(topic if key is None else key).publish(topic, payload, **options)

    def publish_nowait(
        self,
        topic: str,
        payload: Payload | Absent = ABSENT,
        *,
        key: str | None = None,
        **options: Unpack[Sending],
    ) -> Receipt:
        """As ``Client.publish_nowait``, on the connection of this key; None: the topic is the key."""
        return self._of(topic if key is None else key).publish_nowait(topic, payload, **options)

    async def publish_many(
        self, messages: Iterable[tuple[str, Payload]], *, key: str, **options: Unpack[Several]
    ) -> Receipt:
        """As ``Client.publish_many``, on the connection of this key, which all of them have.

        All or none needs one commit, and a commit is in one file.
        """
        return await self._of(key).publish_many(messages, **options)

    def _of(self, key: str) -> Client:
        clients = self._members.clients
        return clients[shard(key, len(clients))]

    # -- looking -----------------------------------------------------------------------------

    def ledger(self) -> Ledger:
        """The books of all connections in one, with those of older files. Any thread."""
        books = [client._outbox.ledger() for client in self._members.all]
        counts: dict[str, Any] = {
            name: sum(getattr(one, name) for one in books) for name in ("accepted", *ENDINGS, "pending")
        }
        return Ledger(**counts, since=min(one.since for one in books))

    def snapshots(self) -> list[Snapshot]:
        """Each connection as ``Client.snapshot`` has it, in the order of their numbers. Any thread.

        Connections that send what older files keep come behind them.
        """
        members = self._members
        older = [client for client in members.running if client not in members.clients]
        return [client.snapshot() for client in (*members.clients, *older)]

    def events(self) -> AsyncIterator[Event]:
        """Events of all connections from this call on; bounded, an overrun is itself an event."""
        return self._members.bus.read()
