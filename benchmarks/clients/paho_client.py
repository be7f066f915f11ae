"""paho-mqtt with its network thread (`loop_start`), MQTT 5, tuned as someone who knows it would.

TCP_NODELAY is set (left out, it waits for the server's delayed acknowledgements), and 1,000 messages may be
in flight instead of 20. Where there are many filters each has its own callback, which is its router.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage, MQTTv5

from benchmarks.clients.common import LIMIT_S, Job, Meter, read_job
from benchmarks.clients.runner import BlockingRunner, Took


class Paho(BlockingRunner):
    received_by = "on_message is a plain function, on the network thread, acknowledged after it"
    queued_by = "in its queue of outgoing messages"

    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        super().__init__(job, meter)
        self._client = client

    def publish(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        delivered = 0
        self.meter.start()
        for count in self.job.groups:
            infos = [client.publish(topic, payload, qos) for _ in range(count)]
            for info in infos:
                info.wait_for_publish(LIMIT_S)
                delivered += info.is_published()
        if qos == 0:
            client.publish(topic, payload, 1).wait_for_publish(LIMIT_S)
        self.meter.stop(delivered, f"wait_for_publish() of each message, after every {self.job.groups[0]}")

    def listen(self, took: Took) -> None:
        def on_message(_client: Client, _userdata: Any, message: MQTTMessage) -> None:
            took(message.payload)

        self._client.on_message = on_message

    def subscribe(self, filters: list[str]) -> None:
        granted = threading.Event()
        self._client.on_subscribe = lambda *_: granted.set()
        self._client.subscribe([(name, self.job.case.qos) for name in filters])
        granted.wait(LIMIT_S)

    def send(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1)

    def queue(self) -> None:
        for _ in range(self.job.messages):
            self._client.publish(self.job.topic, self.job.payload, 1)


def connected(job: Job) -> Client:
    websocket = job.case.server == "websocket"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id="bench",
        protocol=MQTTv5,
        transport="websockets" if websocket else "tcp",
    )
    client.max_inflight_messages_set(1000)
    if job.ca_file:
        client.tls_set(job.ca_file)
    up = threading.Event()
    client.on_connect = lambda *_: up.set()
    client.on_socket_open = lambda _client, _data, sock: no_delay(sock)
    client.connect("127.0.0.1", job.port)
    client.loop_start()
    if not up.wait(LIMIT_S):
        raise SystemExit("paho: no CONNACK")
    return client


def no_delay(sock: Any) -> None:
    """A WebSocket comes as a wrapper that keeps its socket to itself."""
    plain = sock if isinstance(sock, socket.socket) else sock._socket
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def main() -> None:
    job = read_job()
    meter = Meter(job)
    client = connected(job)
    Paho(job, meter, client).run()
    client.disconnect()
    client.loop_stop()


main()
