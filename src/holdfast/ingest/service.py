"""MQTT into a database: subscribe, gather, write, commit, and only then acknowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from holdfast.client import Client
from holdfast.errors import ConfigurationError, Stopped
from holdfast.ingest.errors import SinkError
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.row import as_it_came, capture_columns, default_table, to_row
from holdfast.ingest.sink import Batch, Sink, Written
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.target import sqlite_path
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
        qos: QoS = 1,
        batch: int = 500,
        batch_wait_s: float = 0.01,
    ) -> None:
        """``client``: started and stopped by ``run``. ``into``: a path, ``sqlite:///FILE`` or a Sink.

        ``batch``: most messages in one transaction. ``batch_wait_s``: how long a message waits
        for company; longer saves commits, and holds a broker back that sends only so many
        unacknowledged messages (mosquitto to MQTT 3.1.1: 20). Raises ConfigurationError.
        """
        self._client = client
        self._filters = (topic,) if isinstance(topic, str) else tuple(topic)
        if not self._filters:
            raise ConfigurationError("ingest without a topic filter", hint="name at least one")
        if batch < 1 or batch_wait_s < 0:
            raise ConfigurationError(
                f"batch must be above 0 and batch_wait_s not below: {batch}, {batch_wait_s}"
            )
        self._captures = capture_columns(self._filters)
        self._sink = (
            SqliteSink(sqlite_path(into), default_table(self._filters)) if isinstance(into, str) else into
        )
        self._qos: QoS = qos
        self._batch = batch
        self._batch_wait_s = batch_wait_s
        self._stopping = asyncio.Event()
        self.ledger = IngestLedger()
        self.trouble: SinkError | None = None
        """Why nothing can be written at the moment; None: it can."""

    async def run(self) -> IngestLedger:
        """Until ``stop()``. Raises SinkError when the target cannot be opened, SubscribeRefused."""
        self._client._serve()
        try:
            self._number = (await self._sink.open(self._client.client_id)).number
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
        subscription = self._client.subscribe(*self._filters, qos=self._qos)
        try:
            async with subscription as messages:
                async for batch in messages.batches(self._batch, wait_s=self._batch_wait_s):
                    await self._store(batch)
        except Stopped:
            if not self._stopping.is_set():
                raise

    async def _store(self, messages: Sequence[Message]) -> None:
        self.ledger = self.ledger.taken(len(messages))
        rows = [to_row(message, self._captures) for message in messages]
        self._number += 1
        written = await self._write(Batch(self._number, rows, lambda place: as_it_came(messages[place])))
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
