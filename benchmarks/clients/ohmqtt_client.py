"""ohmqtt with its SQLite store: `publish()` returns when the message is committed, in SQLite's own default
(a rollback journal, synchronous FULL): it survives a power cut, as ours does.

It is a blocking client with one lock around its session, so rounds of messages cost it less than a hundred
threads that wait for each other. It sends as much as the server's receive maximum allows.
"""

from __future__ import annotations

from pathlib import Path

from ohmqtt.client import Client
from ohmqtt.handles import PublishHandle

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import LIMIT_S, Job, Meter, read_job
from benchmarks.clients.runner import BlockingRunner


class Ohmqtt(BlockingRunner):
    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        super().__init__(job, meter)
        self._client = client

    def publish(self) -> None:
        delivered = 0
        self.meter.start()
        for count in self.job.grouped(self.job.case.group or AWAITED_AT_ONCE):
            handles = [self._one() for _ in range(count)]
            for handle in handles:
                handle.wait_for_ack(LIMIT_S)
                delivered += 1
        self.meter.stop(delivered, "publish() of each message, then wait_for_ack() of the round")

    def _one(self) -> PublishHandle:
        return self._client.publish(self.job.topic, self.job.payload, qos=self.job.case.qos)


def main() -> None:
    job = read_job()
    meter = Meter(job)
    client = Client(db_path=str(Path(job.folder) / "ohmqtt.db"))
    with client:
        client.connect(f"mqtt://127.0.0.1:{job.port}", client_id="bench")
        client.wait_for_connect(LIMIT_S)
        Ohmqtt(job, meter, client).run()
        client.disconnect()
        client.wait_for_disconnect(LIMIT_S)


main()
