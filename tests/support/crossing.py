"""Messages cross a dying broker, from a publisher of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from holdfast import Client, Receipt, Status
from holdfast.cli.demo.brokers import WINDOW
from holdfast.testing import eventually
from tests.support.way import DRAIN_WITHIN_S, Crossed, Fault, Way

RATE = 2500
BACK_WITHIN_S = 20.0


class Crossing(Way):
    """One publisher, one ingester, a broker process between them."""

    _publisher: Client

    async def run(self, count: int, faults: Sequence[Fault], inflight: int = WINDOW) -> Crossed:
        """``count`` messages in as many parts as there are faults, one fault within each part.

        ``inflight``: the publisher's window.
        """
        numbers = iter(range(count))
        self._receipts: dict[str, Receipt] = {}
        async with self.open():
            self._publisher = self.client("publisher", inflight)
            async with self._publisher:
                for fault in faults:
                    part = list(islice(numbers, -(-count // len(faults))))
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._publish(part))
                        group.create_task(self._break(fault, len(part) / RATE))
                    await eventually(self._up, BACK_WITHIN_S)
                await self._publisher.flush(DRAIN_WITHIN_S)
                await self.quiet()
        acknowledged = {serial for serial, one in self._receipts.items() if one.state == "acknowledged"}
        return self.crossed(self._publisher.snapshot().ledger, acknowledged)

    async def _publish(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            serial = f"1-{number:06}"
            self._receipts[serial] = await self._publisher.publish("n/1", serial, qos=self.qos)
            if number % 50 == 0:
                await asyncio.sleep(50 / RATE)

    async def _break(self, fault: Fault, part_s: float) -> None:
        await asyncio.sleep(self.chance.uniform(0.1, 0.9) * part_s)
        await fault(self)

    def _up(self) -> bool:
        return all(client.status is Status.CONNECTED for client in (self._publisher, self.listener))
