"""MQTT into a database: subscribe, gather, write, commit, and only then acknowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from holdfast.client import Client
from holdfast.errors import ConfigurationError, Stopped
from holdfast.handling import HandlerOptions, patterns_of
from holdfast.ingest.errors import SinkError
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.mapper import batch_of, mapper
from holdfast.ingest.sink import Batch, Sink, Written
from holdfast.ingest.table import Keep
from holdfast.ingest.target import sink_for
from holdfast.messages import Message, QoS

FIRST_DELAY_S, MAX_DELAY_S = 0.1, 5.0


class Ingest:
    """Messages of some topics into one table, each acknowledged after its row is committed.

    At QoS 2 a message becomes exactly one row as long as this process lives; killed between a
    commit and its PUBREC, it may store what was in that batch once more (contract 6).
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
        """``client``: started and stopped by ``run``. ``into``: a path, ``sqlite:///FILE`` or a Sink.

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
        self._asked = asked = HandlerOptions(qos, share)
        self.target = self._sink.target
        self.table = self._mapper.table.name
        self.filters = tuple(map(asked.wire_filter, patterns_of(self._mapper.filters)))
        self._batch = batch
        self._batch_wait_s = batch_wait_s
        self._stopping = asyncio.Event()
        self.ledger = IngestLedger()
        self.trouble: SinkError | None = None
        """Why nothing can be written at the moment; None: it can."""

    async def run(self) -> IngestLedger:
        """Until ``stop()``. Raises SinkError when the target cannot be opened, SubscribeRefused."""
        try:
            self._number = (await self._sink.open(f"{self._client.client_id} {self.table}")).number
            async with self._client:
                await self._consume()
        finally:
            await self._sink.close()
        return self.ledger

    async def stop(self) -> None:
        """Finish the batch in hand, acknowledge it, DISCONNECT; ``run`` returns.

        What waits behind it is not acknowledged: the broker keeps it for the next run.
        """
        self._stopping.set()
        await self._client.stop()

    async def _consume(self) -> None:
        subscription = self._client.subscribe(
            *self._mapper.filters, qos=self._asked.qos, share=self._asked.share
        )
        try:
            async with subscription as messages:
                async for batch in messages.batches(self._batch, wait_s=self._batch_wait_s):
                    await self._store(batch)
        except Stopped:
            if not self._stopping.is_set():
                raise

    async def _store(self, messages: Sequence[Message]) -> None:
        self.ledger = self.ledger.taken(len(messages))
        self._number += 1
        written = await self._write(batch_of(self._number, self._mapper, messages))
        self.ledger = self.ledger.settled(written)

    async def _write(self, batch: Batch) -> Written:
        """Until it is committed; a database that is away is no reason to lose or to forget."""
        delay_s = FIRST_DELAY_S
        while True:
            try:
                written = await self._sink.write(batch)
            except SinkError as error:
                self.trouble = error
                await self._pause(delay_s)
                delay_s = min(2 * delay_s, MAX_DELAY_S)
            else:
                self.trouble = None
                return written

    async def _pause(self, delay_s: float) -> None:
        """Wait, unless there is no time left: leaving by an exception acknowledges nothing."""
        try:
            await asyncio.wait_for(self._stopping.wait(), delay_s)
        except TimeoutError:
            return
        raise Stopped("stopped while the database could not be written; the broker keeps these messages")
