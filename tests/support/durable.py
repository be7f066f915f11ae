"""What outlives the process: the outbox file, as far as it knows what came in, and the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from holdfast.ingest import Batch, Memory, Written
from holdfast.protocol import EpochBegan, Forgotten, Received, Record, Restored


class File:
    """Identifiers and epoch, as records leave them."""

    def __init__(self) -> None:
        self.epoch = 0
        self.received: dict[int, None] = {}

    def commit(self, records: Sequence[Record]) -> None:
        """These are durable."""
        for record in records:
            if isinstance(record, EpochBegan):
                self.epoch, self.received = record.number, {}
            elif isinstance(record, Received):
                self.received.update(dict.fromkeys(record.packet_ids))
            elif isinstance(record, Forgotten):
                for packet_id in record.packet_ids:
                    self.received.pop(packet_id, None)

    def restored(self) -> Restored:
        """What the next process begins with."""
        return Restored(epoch=self.epoch, received=self.received)


class Database:
    """Rows, the number of the last batch, and its state: changed together or not at all."""

    def __init__(self) -> None:
        self.rows: Counter[int] = Counter()
        self.memory = Memory()

    def commit(self, batch: Batch) -> Written:
        """This batch is durable; one that was committed before is not committed twice."""
        if batch.number != self.memory.number:
            self.rows.update(int(str(row[0])) for row in batch.rows)
            self.memory = Memory(batch.number, batch.state)
        return Written(len(batch.rows), 0, 0)
