"""A detector's handler class, its face as documented, on the blocking client: scans block their threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from holdfast import Outbox, Will
from holdfast.errors import HoldfastError, NotReady, Undelivered
from holdfast.sync import Client
from holdfast.testing import Broker, Proxy
from tests.support.mosquitto import free_port

CAMERAS = 100


class StableMQTTHandler:
    """What the detector's code calls; publish gives a bool at once."""

    def __init__(
        self,
        broker: str,
        outbox: Path,
        client_id: str | None = None,
        keepalive: int = 30,
        on_connect_callback: Callable[[], None] | None = None,
        on_disconnect_callback: Callable[[str], None] | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            "url": broker,
            "client_id": client_id,
            "keepalive_s": keepalive,
            "reconnect": "lan",
            "outbox": Outbox(outbox, max_messages=1000, overflow="reject"),
        }
        self._on_connect, self._on_disconnect = on_connect_callback, on_disconnect_callback
        self._client: Client | None = None

    def set_will(self, topic: str, payload: dict[str, Any], qos: Any = 1, retain: bool = True) -> None:
        def offline() -> str:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            return json.dumps({**payload, "status": "offline", "timestamp": now})

        self._options["will"] = Will(topic, offline, qos=qos, retain=retain)

    def start(self) -> None:
        self._client = Client(**self._options)
        Thread(target=self._watch, args=(self._client.events(),), daemon=True).start()
        self._client.start()

    def wait_for_connection(self, timeout: float = 10.0) -> bool:
        try:
            self._up.ready(timeout)
        except NotReady:
            return False
        return True

    def publish(self, topic: str, payload: Any, qos: Any = 0, retain: bool = False) -> bool:
        body: Any = {"payload": payload} if isinstance(payload, str) else {"json": payload}
        try:
            priority: Any = "high" if "alert" in topic else "normal"
            self._up.publish_nowait(topic, **body, qos=qos, retain=retain, priority=priority)
        except HoldfastError:
            return False
        return True

    def stop(self) -> None:
        try:
            self._up.stop(drain_s=5)
        except Undelivered as error:
            print(error)

    @property
    def _up(self) -> Client:
        if self._client is None:
            raise RuntimeError("start() first")
        return self._client

    def _watch(self, events: Iterator[Any]) -> None:
        for event in events:
            if event.name == "connected" and self._on_connect:
                self._on_connect()
            elif event.name == "disconnected" and self._on_disconnect:
                self._on_disconnect(event.message)


def scan(seconds: float) -> None:
    """A discovery that blocks its thread, as sockets to cameras do."""
    threading.Event().wait(seconds)


def discover(handler: StableMQTTHandler, camera: int, seconds: float) -> bool:
    """One job: it blocks for long, and publishes before and behind that."""
    found = handler.publish(f"cameras/{camera}/status", {"camera": camera, "found": True}, qos=1)
    scan(seconds)
    return handler.publish(f"cameras/{camera}/status", {"camera": camera, "done": True}, qos=1) and found


def detect(tmp_path: Path, keepalive: int, seconds: float) -> None:
    """100 cameras in parallel, each blocking longer than the keepalive: one connection, nothing lost."""
    ups, downs = list[int](), list[str]()
    with Broker(strict=True) as broker:
        handler = StableMQTTHandler(
            broker.url,
            tmp_path / "camera_detector.db",
            "detector",
            keepalive,
            lambda: ups.append(1),
            downs.append,
        )
        handler.set_will("detector/status", {"service": "detector"})
        handler.start()
        assert handler.wait_for_connection()
        with ThreadPoolExecutor(CAMERAS) as pool:
            taken = pool.map(lambda camera: discover(handler, camera, seconds), range(CAMERAS))
            scan(seconds)  # the main thread blocks as well
            assert all(taken)
        handler.stop()
        assert len(broker.messages("cameras/#")) == 2 * CAMERAS
        assert broker.connects == 1
        assert broker.violations == []
        assert broker.messages("detector/status") == []  # a clean end: the will is not spoken
    assert (len(ups), downs) == (1, [])


def test_scans_that_block_cost_no_link(tmp_path: Path) -> None:
    """Blocked for longer than a broker waits: no disconnect."""
    detect(tmp_path, keepalive=1, seconds=2.5)


@pytest.mark.chaos
def test_35_seconds_at_keepalive_30(tmp_path: Path) -> None:
    """As it was asked for (S5)."""
    detect(tmp_path, keepalive=30, seconds=70)


def test_degraded_from_the_start(tmp_path: Path) -> None:
    """Nobody there: False in time, and what is published waits in the file for the next process."""
    port = free_port()
    handler = StableMQTTHandler(f"mqtt://127.0.0.1:{port}", tmp_path / "camera_detector.db", "detector")
    handler.start()
    assert not handler.wait_for_connection(0.3)
    assert handler.publish("cameras/1/alert", "fire", qos=1)
    handler.stop()
    with Broker(port=port) as broker:
        again = StableMQTTHandler(broker.url, tmp_path / "camera_detector.db", "detector")
        again.start()
        assert again.wait_for_connection()
        again._up.flush(5)
        again.stop()
        assert [message.text() for message in broker.messages("cameras/#")] == ["fire"]


def test_a_full_queue_says_no(tmp_path: Path) -> None:
    """2,000 into 1,000 slots: as many are refused as there is no room for, and no other is lost."""
    with Broker() as broker, Proxy(broker.url) as proxy:
        handler = StableMQTTHandler(proxy.url, tmp_path / "camera_detector.db", "detector")
        handler.start()
        assert handler.wait_for_connection()
        proxy.hole()
        taken = [handler.publish("bulk", str(number), qos=1) for number in range(2000)]
        assert sum(taken) == 1000
        proxy.heal()
        proxy.reset()
        handler._up.flush(15)
        handler.stop()
        came = dict.fromkeys(int(message.payload) for message in broker.messages("bulk"))
        assert list(came) == [number for number, one in enumerate(taken) if one]


def test_a_disconnect_is_told(tmp_path: Path) -> None:
    """And the link is back within seconds, without anybody's doing."""
    ups, downs = threading.Semaphore(0), list[str]()
    with Broker(strict=True) as broker:
        handler = StableMQTTHandler(
            broker.url, tmp_path / "camera_detector.db", "detector", 30, ups.release, downs.append
        )
        handler.start()
        assert ups.acquire(timeout=5)
        broker.cut()
        assert ups.acquire(timeout=15)
        handler.stop()
    assert len(downs) == 1
    assert "reset" in downs[0]
