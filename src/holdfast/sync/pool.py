"""The pool for threads: every wait blocks the thread that asks, and no other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, Unpack

from holdfast.client import Client as Awaited
from holdfast.client import Event, Outbox, Snapshot
from holdfast.client.content import ABSENT, Absent
from holdfast.client.pool import Pool as AwaitedPool
from holdfast.client.pool_options import Options, Publishing, Sending, Several
from holdfast.client.setup import StrPath
from holdfast.errors import ConfigurationError, Undelivered
from holdfast.messages import Payload
from holdfast.outbox import Ledger
from holdfast.sync.client import Client
from holdfast.sync.ending import end
from holdfast.sync.events import Events
from holdfast.sync.home import Own, begin, call
from holdfast.sync.receipt import Receipt

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
        if options.pop("isolated", None) is False:
            raise ConfigurationError(
                "isolated=False: the blocking pool has its loop on a thread of its own",
                hint="leave it out; holdfast.Pool shares the loop it is started on",
            )
        self._pool = AwaitedPool(url, connections=connections, client_id=client_id, outbox=outbox, **options)
        self._home = Own(self._pool)

    # -- from start to stop ------------------------------------------------------------------

    def __enter__(self) -> Self:
        """``start``; never waits for the broker."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """``stop``; an error on its way out is not replaced by Undelivered."""
        try:
            self.stop()
        except Undelivered as undelivered:
            if error is None:
                raise
            log.error("%s", undelivered)

    def start(self) -> None:
        """Own the folder, open the files, begin to dial. Startable again after ``stop``.

        Raises OutboxError, where a file cannot be used: OutboxLocked, while another process has the folder;
        Stopped, where ``stop`` came meanwhile.
        """
        begin(self._home, self._pool)

    def stop(self, drain_s: float | None = None) -> Ledger:
        """Flush, say DISCONNECT on each connection; takes ``drain_s`` seconds at most.

        Accepts no more from here on. Gives the books of all. Raises Undelivered if messages are left
        that only memory held, OutboxError if a file did not take what was handed over. Ctrl-C
        skips the drain. While a ``start`` is under way this one waits for its end, ``drain_s``
        seconds at most.
        """
        pool, clients = self._pool, self._pool._members.all
        limit_s = clients[0]._setup.drain_s if drain_s is None else drain_s
        return end(self._home, clients, lambda: pool.stop(drain_s), pool.ledger, limit_s)

    def ready(self, timeout_s: float | None = None) -> None:
        """Wait until every connection is there. Raises NotReady (with the cause), Stopped."""
        self._pool._running()  # why it does not run, if it does not
        call(self._home, lambda: self._pool.ready(timeout_s))

    def flush(self, timeout_s: float | None = None) -> None:
        """Wait until nothing is pending any more, but what is parked for other terms.

        Raises Timeout, Stopped.
        """
        self._pool._running()
        call(self._home, lambda: self._pool.flush(timeout_s))

    def redial(self) -> None:
        """Try to connect now, and begin the backoff anew; any thread. Connected: nothing happens."""
        self._pool.redial()

    # -- publishing --------------------------------------------------------------------------

    def publish(
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
        return self._of(topic if key is None else key).publish(topic, payload, **options)

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

    def publish_many(
        self, messages: Iterable[tuple[str, Payload]], *, key: str, **options: Unpack[Several]
    ) -> Receipt:
        """As ``Client.publish_many``, on the connection of this key, which all of them have.

        All or none needs one commit, and a commit is in one file.
        """
        return self._of(key).publish_many(messages, **options)

    def _of(self, key: str) -> Client:
        return self._blocking(self._pool._of(key))

    def _blocking(self, client: Awaited) -> Client:
        handle = Client.__new__(Client)
        handle._attach(client, self._home)
        return handle

    # -- looking -----------------------------------------------------------------------------

    def ledger(self) -> Ledger:
        """The books of all connections in one, with those of older files. Any thread."""
        return self._pool.ledger()

    def snapshots(self) -> list[Snapshot]:
        """Each connection as ``Client.snapshot`` has it, in the order of their numbers. Any thread.

        Connections that send what older files keep come behind them.
        """
        return self._pool.snapshots()

    def events(self) -> Iterator[Event]:
        """Events of all connections from this call on; bounded, an overrun is itself an event."""
        return Events(self._pool._members.bus, self._home)
