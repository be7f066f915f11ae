"""The loop a competent user of paho-mqtt writes to store what comes, acknowledged after the commit.

`manual_ack`, so that nothing is lost with the process; the network thread puts messages into a queue, and a
writer takes up to 500 of them, or what has come within 10 ms, inserts them with `executemany`, commits, and
acknowledges each. MQTT 5, TCP_NODELAY, 1,000 in flight.
"""

from __future__ import annotations

import socket
import time
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.clients.common import GO, LIMIT_S, STALL_S, Job, Meter, read_job
from benchmarks.clients.tables import MOST, WAIT_S, Table, row


def connected(job: Job, came: SimpleQueue[MQTTMessage]) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=MQTTv5, manual_ack=True)
    client.max_inflight_messages_set(1000)
    up, granted = Event(), Event()
    client.on_connect = lambda *_: up.set()
    client.on_subscribe = lambda *_: granted.set()
    client.on_message = lambda _client, _data, message: came.put(message)
    client.on_socket_open = no_delay
    wanted = Properties(PacketTypes.CONNECT)
    wanted.ReceiveMaximum = 1000
    client.connect("127.0.0.1", job.port, properties=wanted)
    client.loop_start()
    up.wait(LIMIT_S)
    client.subscribe(job.topic, job.case.qos)
    if not granted.wait(LIMIT_S):
        raise SystemExit("paho: no SUBACK")
    return client


def no_delay(_client: Client, _data: Any, sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def batch(came: SimpleQueue[MQTTMessage]) -> list[MQTTMessage]:
    """Waits for the first; empty: none came."""
    try:
        found = [came.get(timeout=STALL_S)]
        until = time.monotonic() + WAIT_S
        while len(found) < MOST:
            found.append(came.get(timeout=max(0.0, until - time.monotonic())))
    except Empty:
        pass
    return found


def main() -> None:
    job = read_job()
    meter = Meter(job)
    came: SimpleQueue[MQTTMessage] = SimpleQueue()
    table = Table(job.database)
    client = connected(job, came)
    stored = 0
    meter.start()
    client.publish(GO, b"", 1)
    while stored < job.messages and (found := batch(came)):
        table.write([row(one.topic, one.qos, one.retain, one.payload) for one in found])
        for one in found:
            client.ack(one.mid, one.qos)
        stored += len(found)
    meter.stop(table.count(), f"a queue, executemany of up to {MOST}, ack() of each after the commit")
    client.disconnect()
    client.loop_stop()


main()
