"""The simulated gateways: each publishes its readings at a steady rate, link or no link."""

from __future__ import annotations

import asyncio
from random import Random

from holdfast.cli.demo.plan import KEEPALIVE_S
from holdfast.cli.demo.readings import readings, topic
from holdfast.client import Client, Receipt
from holdfast.errors import PublishFailed, Undelivered
from holdfast.outbox import Ledger


class Gateway:
    """One client with its receipts, by serial."""

    def __init__(self, number: int, url: str, seed: int, started_at: int) -> None:
        self.client = Client(
            url, client_id=f"gateway-{number}", keepalive_s=KEEPALIVE_S, reconnect="lan", drain_s=2
        )
        self._topic = topic(number)
        self._readings = readings(number, Random(f"{seed} {number}"), started_at)
        self._receipts: dict[str, Receipt] = {}

    async def publish(self, rate: float, until: asyncio.Event) -> None:
        """``rate`` readings a second, until told to stop."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not until.is_set():
            serial, payload = next(self._readings)
            self._receipts[serial] = await self.client.publish(self._topic, payload, qos=2)
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - loop.time()))

    @property
    def pending(self) -> int:
        """Accepted, and not acknowledged yet."""
        return self.client.snapshot().ledger.pending

    @property
    def acknowledged(self) -> set[str]:
        """The serials the broker acknowledged, as this client believes."""
        return {serial for serial, receipt in self._receipts.items() if receipt.state == "acknowledged"}

    async def failure(self) -> str | None:
        """Why the first message that failed did."""
        for receipt in self._receipts.values():
            if receipt.state == "failed":
                try:
                    await receipt.acknowledged()
                except PublishFailed as error:
                    return str(error)
        return None

    async def stop(self) -> Ledger:
        """End, and give the books, whatever is left in them."""
        try:
            return await self.client.stop()
        except Undelivered:
            return self.client.snapshot().ledger


def together(ledgers: list[Ledger]) -> Ledger:
    """The books of all gateways as one."""
    names = ("accepted", "acknowledged", "sent", "failed", "expired", "dropped", "pending")
    sums = {name: sum(getattr(ledger, name) for ledger in ledgers) for name in names}
    return Ledger(**sums, since=min(ledger.since for ledger in ledgers))
