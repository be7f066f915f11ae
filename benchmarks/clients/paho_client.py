"""paho-mqtt with its network thread (`loop_start`), MQTT 5, tuned as someone who knows it would.

TCP_NODELAY is set (left out, it waits for the server's delayed acknowledgements), and 1,000 messages may be
in flight instead of 20.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage, MQTTv5

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import LIMIT_S, Job, Meter, read_job


def publish(client: Client, job: Job, meter: Meter) -> None:
    at_once = AWAITED_AT_ONCE if job.case.awaited else job.messages
    topic, payload, qos = job.topic, job.payload, job.case.qos
    delivered = 0
    meter.start()
    for first in range(0, job.messages, at_once):
        infos = [client.publish(topic, payload, qos) for _ in range(min(at_once, job.messages - first))]
        for info in infos:
            info.wait_for_publish(LIMIT_S)
            delivered += info.is_published()
    if qos == 0:
        client.publish(topic, payload, 1).wait_for_publish(LIMIT_S)
    meter.stop(delivered, f"wait_for_publish() of each message, after every {at_once}")


def receive(client: Client, job: Job, meter: Meter) -> None:
    done = threading.Event()
    count, expected = 0, job.expected

    def on_message(client: Client, userdata: Any, message: MQTTMessage) -> None:
        nonlocal count
        count += 1
        if count == expected:
            done.set()

    client.on_message = on_message
    meter.start()
    client.subscribe(job.topic, job.case.qos)
    done.wait(LIMIT_S)
    meter.stop(count - 1, "on_message is a plain function, on the network thread, acknowledged after it")


def connected(client: Client, port: int) -> None:
    up = threading.Event()
    client.on_connect = lambda *_: up.set()
    client.on_socket_open = lambda _client, _data, sock: sock.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    client.connect("127.0.0.1", port)
    client.loop_start()
    if not up.wait(LIMIT_S):
        raise SystemExit("paho: no CONNACK")


def main() -> None:
    job = read_job()
    meter = Meter(job, "paho")
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=MQTTv5)
    client.max_inflight_messages_set(1000)
    connected(client, job.port)
    if job.case.direction == "publish":
        publish(client, job, meter)
    else:
        receive(client, job, meter)
    client.disconnect()
    client.loop_stop()


main()
