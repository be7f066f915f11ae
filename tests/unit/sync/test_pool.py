"""The pool for threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError, OutboxLocked, Stopped, Undelivered
from holdfast.sync import Pool
from holdfast.testing import Broker
from tests.support.crowd import Crowd
from tests.unit.sync.conftest import client_threads

NOBODY = "mqtt://127.0.0.1:1"


def test_threads_publish_and_keys_keep_their_order(broker: Broker, tmp_path: Path) -> None:
    """Each verb of it, from several threads, into files."""
    with Pool(broker.url, connections=3, client_id="gw", outbox=tmp_path, reconnect="lan") as pool:
        pool.ready(5)
        events = pool.events()

        def work(thread: int) -> None:
            for number in range(20):
                pool.publish(f"n/{thread}", str(number), timeout_s=5)
            pool.publish_nowait(f"n/{thread}", "20").acknowledged(5)
            pool.publish_many([(f"n/{thread}", "21")], key=f"n/{thread}").acknowledged(5)

        with Crowd(4, work) as crowd:
            pass
        assert crowd.failed == []
        pool.flush(5)
        pool.redial()
        ledger = pool.ledger()
        assert (ledger.accepted, ledger.acknowledged) == (88, 88)
        assert sum(snapshot.ledger.accepted for snapshot in pool.snapshots()) == 88
        for thread in range(4):
            texts = [message.text() for message in broker.messages(f"n/{thread}")]
            assert texts == [str(number) for number in range(22)]
        broker.cut()
        assert "connected" in (event.name for event in events)
    assert client_threads() == []


def test_it_starts_and_stops_as_a_client_does(tmp_path: Path) -> None:
    """Started twice it does nothing, stopped it can start again, and no thread is left."""
    pool = Pool(NOBODY, connections=2, outbox=tmp_path, drain_s=0)
    assert pool.stop().accepted == 0
    for _ in range(2):
        pool.start()
        pool.start()
        pool.publish("a", "b")
        pool.stop()
    assert pool.ledger().pending == 2
    with pytest.raises(Stopped):
        pool.ready(1)
    with pytest.raises(Stopped):
        pool.flush(1)
    with Pool(NOBODY, outbox=tmp_path, drain_s=0):
        with pytest.raises(OutboxLocked):
            pool.start()
        assert client_threads().count("holdfast client") == 1
    assert client_threads() == []


def test_what_only_memory_held_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """As an error, or in the log where another one is on its way."""

    def run(fails: bool) -> None:
        with Pool(NOBODY, drain_s=0) as pool:
            pool.publish("a", "b")
            if fails:
                raise KeyError

    with pytest.raises(Undelivered):
        run(False)
    assert "only memory held" not in caplog.text
    with pytest.raises(KeyError):
        run(True)
    assert "only memory held" in caplog.text


def test_it_has_its_loop_to_itself() -> None:
    """As the blocking client: isolated it is already."""
    with pytest.raises(ConfigurationError, match="isolated=False"):
        Pool(NOBODY, isolated=False)
    assert threading.active_count() >= 1
    Pool(NOBODY, isolated=True)
