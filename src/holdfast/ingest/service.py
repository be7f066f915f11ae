"""MQTT into a database: subscribe, gather, write, commit, and only then acknowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from holdfast.client import Client
from holdfast.errors import ConfigurationError, HoldfastError, OutboxError, Stopped
from holdfast.handling import HandlerOptions, patterns_of
from holdfast.ingest.desk import Desk
from holdfast.ingest.feed import Feed, feed_of
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.left_over import OWNER, claim, warn
from holdfast.ingest.mapper import mapper
from holdfast.ingest.notes import Notes
from holdfast.ingest.pipeline import Pipeline
from holdfast.ingest.sink import Memory, Sink
from holdfast.ingest.spool import Spool
from holdfast.ingest.table import Keep
from holdfast.ingest.target import sink_for
from holdfast.messages import QoS

LARGEST_BATCH = 1_000_000
"""Far above what a transaction is good for, and below what SQLite takes for a number."""

LONGEST_WAIT_S = 86_400

LOOK_S = 0.2
"""How often it is looked whether the client stops while the sink is being opened."""


class Ingest:
    """Messages of some topics into one table, each acknowledged after its row is committed.

    At QoS 2, with an outbox file, a message becomes exactly one row for the life of the session, whenever
    this process is killed (contract 6); without a file only as long as the process lives.
    """

    def __init__(
        self,
        client: Client,
        *,
        topic: str | Sequence[str],
        into: str | Sink,
        table: str = "messages",
        columns: Mapping[str, str] | None = None,
        key: Sequence[str] = (),
        keep: Keep = "first",
        share: str | None = None,
        qos: QoS = 1,
        batch: int = 500,
        batch_wait_s: float = 0.01,
        spool: bool = True,
    ) -> None:
        """``client``: started and stopped by ``run``. ``into``: a path, ``sqlite:///FILE``,
        ``postgresql://HOST/DATABASE`` (``holdfast[postgres]``) or a Sink.

        ``columns``: by name, each ``SOURCE type [required|default=VALUE]``; a message that does not
        fit goes to ``{table}_quarantine`` with the reason. None: messages as they came. ``key``: rows
        with the same values in these columns are one, the first that came or the last (``keep``).
        ``share``: the group of a shared subscription, whose members get each message once among them.
        ``batch``: most messages in one transaction. ``batch_wait_s``: how long a message waits
        for company; longer saves commits, and holds a broker back that sends only so many
        unacknowledged messages (mosquitto to MQTT 3.1.1: 20). ``spool``: while the database cannot be
        written, messages are kept in the outbox file of the client, if it has one, and acknowledged; within
        ``Outbox(max_held_bytes=)``. Raises ConfigurationError.
        """
        self._client = client
        self._mapper = mapper(topic, table=table, columns=columns, key=key, keep=keep)
        _check_batches(batch, batch_wait_s)
        self._sink = sink_for(into, self._mapper.table) if isinstance(into, str) else into
        self._options = options = HandlerOptions(qos, share)
        self.target = self._sink.target
        self.table = self._mapper.table.name
        self.filters = tuple(map(options.wire_filter, patterns_of(self._mapper.filters)))
        self._batch = batch
        self._batch_wait_s = batch_wait_s
        self._spools = spool
        self._desk = Desk(self._sink)
        self._feed: Feed | None = None
        self._pipeline: Pipeline | None = None
        self._stopped = False

    @property
    def ledger(self) -> IngestLedger:
        """Where the messages of this run are, or of the last one."""
        return self._pipeline.ledger if self._pipeline else IngestLedger()

    @property
    def spools(self) -> bool:
        """Whether what the database cannot take is kept in the outbox file."""
        return self._spools and self._client._filed

    @property
    def trouble(self) -> HoldfastError | None:
        """Why nothing can be written, or kept in the spool, at the moment; None: it can."""
        return self._pipeline.trouble if self._pipeline else None

    @property
    def kept(self) -> int:
        """How many messages the outbox file keeps for this ingest, while it runs."""
        intake, pipeline = self._client._outbox.intake, self._pipeline
        if intake is None or pipeline is None or pipeline.releases is None:
            return 0
        return intake.count(OWNER + pipeline.releases.name_of(pipeline))

    async def run(self) -> IngestLedger:
        """Until ``stop()``. Raises SinkError when the target cannot be opened, SubscribeRefused."""
        return await self._run() if await begin(self._client, [self]) else self.ledger

    async def _run(self) -> IngestLedger:
        """Once it has begun; the end of it is the end of the client."""
        desk, feed, pipeline = self._desk, self._feed, self._pipeline
        assert feed is not None
        assert pipeline is not None
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_exit(self._client)
                stack.push_async_exit(feed)
                await self._work(pipeline, desk, feed)
        except Stopped:
            if not self._stopped:
                raise
        finally:
            self._leave()
            await desk.close()
        return desk.ledger

    def _prepare(self) -> None:
        """Everything that must be there before the client is started."""
        client, self._stopped = self._client, False
        client._serve()
        self._desk = desk = Desk(self._sink, self._left_s)
        self._feed = feed = feed_of(client, self._mapper.filters, self._options)
        self._pipeline = pipeline = Pipeline(
            self.table, feed, desk, self._mapper.row, self._batch, self._batch_wait_s
        )
        pipeline.place = self.target
        pipeline.releases = client._join_releases(pipeline)

    def _leave(self) -> None:
        pipeline = self._pipeline
        if pipeline is not None and pipeline.releases is not None:
            pipeline.releases.leave(pipeline)

    async def _enter(self) -> None:
        """Take messages from now on; what the file has, is spooled, until the sink says what is stored.

        Suspends nowhere. Raises Stopped.
        """
        self._desk.ledger = self._desk.ledger.found(self.kept)
        assert self._feed is not None
        await self._feed.__aenter__()

    async def _work(self, pipeline: Pipeline, desk: Desk, feed: Feed) -> None:
        try:
            await self._resume(pipeline, desk, await self._open(desk, feed))
            await pipeline.run()
        except Stopped:
            self._stopped = self._stopped or feed.closed  # by somebody: it did not give up on the broker
            raise
        except OutboxError as error:
            if not feed.closed:
                raise
            self._stopped = True
            raise Stopped("stopped before it had begun") from error

    async def _open(self, desk: Desk, feed: Feed) -> Memory:
        """As the desk does; a stop of the client, by whomever, is noticed meanwhile."""
        opening = asyncio.create_task(desk.open(f"{self._client.client_id} {self.table}"))
        try:
            while not opening.done():
                await asyncio.wait([opening], timeout=LOOK_S)
                if feed.closed:
                    desk.stopping.begin()
            return opening.result()
        finally:
            opening.cancel()

    def _left_s(self) -> float:
        """Of the time for a stop: for one that the client has begun, or for ours."""
        state = self._client._state
        if not state.draining:
            return self._client._setup.drain_s
        return max(0.0, state.ends_at - asyncio.get_running_loop().time())

    async def _resume(self, pipeline: Pipeline, desk: Desk, memory: Memory) -> None:
        """Go on where the sink and the spool are; what comes meanwhile waits in the feed."""
        desk.number = memory.number
        intake = self._client._outbox.intake
        if intake is None or pipeline.releases is None:
            return
        names = [OWNER + name for name in pipeline.releases.names]
        notes = Notes(OWNER + pipeline.releases.name_of(pipeline), self._mapper.filters)
        if notes.owner == names[0]:  # one says it for all
            warn(intake, names, str(self._client._setup.outbox.path), self._client._state.emit)
        desk.identifiers = Identifiers(
            intake.series, memory, await asyncio.to_thread(intake.seen, notes.owner)
        )
        reached = self._client._running().commits.reached
        pipeline.spool = spool = Spool(
            intake, notes, desk, self._mapper.row, self._batch, reached, self._spools
        )
        if self._spools:
            await claim(intake, notes, reached)
        await spool.resume(memory)

    async def stop(self) -> None:
        """Finish the batch in hand, acknowledge it, DISCONNECT; ``run`` returns.

        What waits behind it is not acknowledged: the broker keeps it for the next run.
        """
        self._stopped = True
        if self._pipeline is not None:
            self._pipeline.stop()
        await self._client.stop()


async def begin(client: Client, ingests: Sequence[Ingest]) -> bool:
    """All of this client, in one turn, so that none can miss what the session holds.

    False: they were stopped before.
    """
    for one in ingests:
        one._prepare()
    try:
        await client.start()
        for one in ingests:
            await one._enter()
    except BaseException as error:
        for one in ingests:
            one._leave()
        if isinstance(error, Stopped) and any(one._stopped for one in ingests):
            return False
        raise
    return True


def _check_batches(batch: int, batch_wait_s: float) -> None:
    """Each is asked to be within its bounds, as NaN is not outside of any."""
    if not 1 <= batch <= LARGEST_BATCH or batch % 1:
        raise ConfigurationError(f"batch must be a whole number from 1 to {LARGEST_BATCH}, not {batch}")
    if not 0 <= batch_wait_s <= LONGEST_WAIT_S:
        raise ConfigurationError(f"batch_wait_s must be 0 to {LONGEST_WAIT_S}, not {batch_wait_s}")
