"""MQTT into a database: subscribe, gather, write, commit, and only then acknowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast.client import Client
from holdfast.errors import ConfigurationError, Stopped
from holdfast.handling import HandlerOptions, patterns_of
from holdfast.ingest.errors import SinkError
from holdfast.ingest.feed import feed_of
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.mapper import mapper
from holdfast.ingest.pipeline import Pipeline
from holdfast.ingest.sink import Sink
from holdfast.ingest.table import Keep
from holdfast.ingest.target import sink_for
from holdfast.messages import QoS


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
    ) -> None:
        """``client``: started and stopped by ``run``. ``into``: a path, ``sqlite:///FILE``,
        ``postgresql://HOST/DATABASE`` (``holdfast[postgres]``) or a Sink.

        ``columns``: by name, each ``SOURCE type [required|default=VALUE]``; a message that does not
        fit goes to ``{table}_quarantine`` with the reason. None: messages as they came. ``key``: rows
        with the same values in these columns are one, the first that came or the last (``keep``).
        ``share``: the group of a shared subscription, whose members get each message once among them.
        ``batch``: most messages in one transaction. ``batch_wait_s``: how long a message waits
        for company; longer saves commits, and holds a broker back that sends only so many
        unacknowledged messages (mosquitto to MQTT 3.1.1: 20). Raises ConfigurationError.
        """
        self._client = client
        self._mapper = mapper(topic, table=table, columns=columns, key=key, keep=keep)
        if batch < 1 or batch_wait_s < 0:
            raise ConfigurationError(
                f"batch must be above 0 and batch_wait_s not below: {batch}, {batch_wait_s}"
            )
        self._sink = sink_for(into, self._mapper.table) if isinstance(into, str) else into
        self._options = options = HandlerOptions(qos, share)
        self.target = self._sink.target
        self.table = self._mapper.table.name
        self.filters = tuple(map(options.wire_filter, patterns_of(self._mapper.filters)))
        self._batch = batch
        self._batch_wait_s = batch_wait_s
        self._pipeline: Pipeline | None = None
        self._stopped = False

    @property
    def ledger(self) -> IngestLedger:
        """Where the messages of this run are, or of the last one."""
        return self._pipeline.ledger if self._pipeline else IngestLedger()

    @property
    def trouble(self) -> SinkError | None:
        """Why nothing can be written at the moment; None: it can."""
        return self._pipeline.trouble if self._pipeline else None

    async def run(self) -> IngestLedger:
        """Until ``stop()``. Raises SinkError when the target cannot be opened, SubscribeRefused."""
        client, self._stopped = self._client, False
        client._serve()
        feed = feed_of(client, self._mapper.filters, self._options)
        row = self._mapper.row
        self._pipeline = pipeline = Pipeline(feed, self._sink, row, self._batch, self._batch_wait_s)
        pipeline.releases = client._join_releases(pipeline)
        try:
            async with client, feed:
                await self._resume(pipeline)
                await pipeline.run()
        except Stopped:
            if not self._stopped and not feed.closed:
                raise
        finally:
            if pipeline.releases is not None:
                pipeline.releases.leave(pipeline)
            await self._sink.close()
        return pipeline.ledger

    async def _resume(self, pipeline: Pipeline) -> None:
        """Go on where the sink is; what comes meanwhile waits in the feed."""
        memory = await self._sink.open(f"{self._client.client_id} {self.table}")
        identifiers = None
        if pipeline.releases is not None:
            series = self._client.snapshot().ledger.since.isoformat()
            identifiers = Identifiers(series, memory.state)
        pipeline.resume(memory.number, identifiers)

    async def stop(self) -> None:
        """Finish the batch in hand, acknowledge it, DISCONNECT; ``run`` returns.

        What waits behind it is not acknowledged: the broker keeps it for the next run.
        """
        self._stopped = True
        if self._pipeline is not None:
            self._pipeline.stop()
        await self._client.stop()
