"""Holdfast through `holdfast.sync`: this thread publishes, handlers are plain functions on their own threads.

Bulk is one publish() per message, as there is nothing else for a thread that has one message at a time, then
acknowledged() of each receipt; awaited is the same in rounds.
"""

from __future__ import annotations

from typing import Any

from benchmarks.clients.common import Job, Meter, read_job
from benchmarks.clients.runner import BlockingRunner, Took
from holdfast import TLS
from holdfast.sync import Client


class Blocking(BlockingRunner):
    received_by = "the handler is a plain function, on a thread of its own, acknowledged after it"
    queued_by = "in the outbox, in memory"

    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        super().__init__(job, meter)
        self._client = client

    def publish(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        delivered = 0
        self.meter.start()
        for count in self.job.groups:
            receipts = [client.publish(topic, payload, qos=qos) for _ in range(count)]
            for receipt in receipts:
                receipt.acknowledged()
                delivered += 1
        how = f"publish() and then acknowledged() of each message, after every {self.job.groups[0]}"
        self.meter.stop(delivered, how)

    def listen(self, took: Took) -> None:
        def handle(payload: bytes) -> None:
            took(payload)

        self._handle = handle

    def subscribe(self, filters: list[str]) -> None:
        """As the asyncio client's: the filter that orders the stream is on its way without a wait."""
        self._client.on(*filters, qos=self.job.case.qos)(self._handle)
        if self.job.filters or self.job.case.kind == "trip":
            self._client.ready()

    def send(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload)


def main() -> None:
    job = read_job()
    meter = Meter(job)
    scheme, kept = "mqtt", dict[str, Any]()
    if job.ca_file:
        scheme, kept = "mqtts", {"tls": TLS(ca_file=job.ca_file)}
    with Client(f"{scheme}://127.0.0.1:{job.port}", client_id="bench", session_expiry_s=0, **kept) as client:
        client.ready()
        Blocking(job, meter, client).run()


main()
