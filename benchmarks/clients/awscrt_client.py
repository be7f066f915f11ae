"""awscrt's MQTT 5 client, in C, with its own threads: 1,000 messages in flight either way, futures awaited.

It has no QoS 2. Its handler runs on a thread of its event loop, and it acknowledges after it.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

from awscrt import io, mqtt5

from benchmarks.clients.common import LIMIT_S, STALL_S, Job, Meter, read_job
from benchmarks.clients.runner import BlockingRunner, Took


class Awscrt(BlockingRunner):
    received_by = "on_publish_callback_fn is a plain function, acknowledged after it"
    queued_by = "in its queue of operations, in C, and a future for each"

    def __init__(self, job: Job, meter: Meter) -> None:
        super().__init__(job, meter)
        self._stopped = threading.Event()
        self._took: Took = lambda _: None
        self._client = self._started()

    def _started(self) -> mqtt5.Client:
        up = threading.Event()
        client = mqtt5.Client(
            client_options=mqtt5.ClientOptions(
                host_name="127.0.0.1",
                port=self.job.port,
                tls_ctx=self._tls(),
                connect_options=mqtt5.ConnectPacket(
                    client_id="bench", receive_maximum=60_000 if self.job.fed else 1000
                ),
                websocket_handshake_transform=self._websocket(),
                on_publish_callback_fn=lambda data: self._took(data.publish_packet.payload),
                on_lifecycle_event_connection_success_fn=lambda _: up.set(),
                on_lifecycle_event_stopped_fn=lambda _: self._stopped.set(),
            )
        )
        client.start()
        if not up.wait(STALL_S):
            raise SystemExit("awscrt: no CONNACK")
        return client

    def _tls(self) -> io.ClientTlsContext | None:
        if not self.job.ca_file:
            return None
        options = io.TlsContextOptions()
        options.override_default_trust_store_from_path(None, self.job.ca_file)
        return io.ClientTlsContext(options)

    def _websocket(self) -> object | None:
        if self.job.case.server != "websocket":
            return None
        return lambda transform_args: transform_args.set_done()

    def _publish(self, topic: str, payload: bytes, qos: int) -> Future[Any]:
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS(qos))
        return self._client.publish(packet)

    def publish(self) -> None:
        topic, payload, qos = self.job.topic, self.job.payload, self.job.case.qos
        delivered = 0
        self.meter.start()
        for count in self.job.groups:
            for future in [self._publish(topic, payload, qos) for _ in range(count)]:
                future.result(LIMIT_S)
                delivered += 1
        if qos == 0:
            self._publish(topic, payload, 1).result(LIMIT_S)
        self.meter.stop(delivered, f"the future of each message, after every {self.job.groups[0]}")

    def listen(self, took: Took) -> None:
        self._took = took

    def subscribe(self, filters: list[str]) -> None:
        wanted = [mqtt5.Subscription(name, qos=mqtt5.QoS(self.job.case.qos)) for name in filters]
        self._client.subscribe(mqtt5.SubscribePacket(subscriptions=wanted)).result(LIMIT_S)

    def send(self, topic: str, payload: bytes) -> None:
        self._publish(topic, payload, 1)

    def queue(self) -> None:
        self._futures = [self._publish(self.job.topic, self.job.payload, 1) for _ in range(self.job.messages)]

    def stop(self) -> None:
        self._client.stop()
        self._stopped.wait(LIMIT_S)


def main() -> None:
    job = read_job()
    runner = Awscrt(job, Meter(job))
    runner.run()
    runner.stop()


main()
