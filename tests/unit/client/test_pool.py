"""The face of a pool (contract 25)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from holdfast import Outbox, Pool, Reconnect
from holdfast.client.layout import shard
from holdfast.errors import ConfigurationError, NotReady, Stopped, Timeout, Undelivered
from holdfast.testing import Broker, eventually

NOBODY = "mqtt://127.0.0.1:1"

ONE, OTHER = "plant/1", "plant/3"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"connections": 0}, "connections must be 1 to 100, not 0"),
        ({"connections": 101}, "connections must be 1 to 100"),
        ({"will": None}, "a pool has no will"),
        ({"url": "nowhere"}, "has no scheme"),
        ({"client_id": ""}, "client_id is empty"),
        ({"outbox": "{slot}/pool"}, "in the name of its folder"),
        (
            {"url": ["mqtt://a", "mqtt://b"], "reconnect": Reconnect(fail_back_s=None)},
            "could not come together again",
        ),
    ],
    ids=["none", "many", "will", "url", "id", "slot", "fail back"],
)
def test_what_cannot_be_is_refused_when_built(options: dict[str, object], words: str) -> None:
    """With a sentence, and without a file or a connection."""
    with pytest.raises(ConfigurationError, match=words):
        Pool(**options)  # type: ignore[arg-type]


async def test_each_key_has_its_connection() -> None:
    """By topic where no key is given; each verb finds the same one."""
    with Broker(strict=True) as broker:
        async with Pool(broker.url, client_id="gw", reconnect="lan") as pool:
            await pool.ready(5)
            assert [client.client_id for client in pool._members.clients] == ["gw-0", "gw-1", "gw-2", "gw-3"]
            for number in range(8):
                await pool.publish(f"by/topic/{number}", "x", qos=2)
            await pool.publish("by/key", json={"a": 1}, key="plant/2")
            pool.publish_nowait("by/key", "y", key="plant/2")
            await pool.publish_many([("by/key", "z"), ("other", "z")], key="plant/2", timeout_s=1)
            await pool.flush(5)
            accepted = [snapshot.ledger.accepted for snapshot in pool.snapshots()]
            expected = [0, 0, 0, 0]
            for number in range(8):
                expected[shard(f"by/topic/{number}", 4)] += 1
            expected[shard("plant/2", 4)] += 4
            assert accepted == expected
            assert [message.text() for message in broker.messages("by/key")] == ['{"a":1}', "y", "z"]
            ledger = pool.ledger()
            assert (ledger.accepted, ledger.acknowledged, ledger.pending) == (12, 12, 0)
        assert broker.violations == []


async def test_a_key_that_is_no_str_is_refused() -> None:
    """Before anything is accepted."""
    pool = Pool(NOBODY)
    with pytest.raises(ConfigurationError, match="a key is a str"):
        await pool.publish("a", "b", key=7)  # type: ignore[arg-type]


async def test_waits_end_in_their_time() -> None:
    """Without a broker each says what it waited for."""
    pool = Pool(NOBODY, connections=2, reconnect="lan", drain_s=0.1)
    for wait in (pool.ready, pool.flush):
        with pytest.raises(Stopped, match="not started"):
            await wait(1)
    with pytest.raises(Stopped, match="not started"):
        pool.redial()
    assert (await pool.stop()).accepted == 0
    async with pool:
        with pytest.raises(NotReady, match="refused the connection"):
            await pool.ready(0.2)
        pool.redial()
        await pool.flush(1)
        await pool.publish("a", "b")
        with pytest.raises(Timeout, match="1 messages are still pending after"):
            await pool.flush(0.01)
        with pytest.raises(Undelivered, match="stopped with 1 messages"):
            await pool.stop()


async def test_an_error_on_its_way_out_is_not_replaced(caplog: pytest.LogCaptureFixture) -> None:
    """What memory held is said in the log then."""

    async def run(fails: bool) -> None:
        async with Pool(NOBODY, drain_s=0) as pool:
            await pool.publish("a", "b")
            if fails:
                raise KeyError

    with pytest.raises(KeyError):
        await run(True)
    assert "only memory held" in caplog.text
    with pytest.raises(Undelivered):
        await run(False)


async def test_events_of_all_are_one(tmp_path: Path) -> None:
    """Of one run, to its end; of the next one again."""
    with Broker() as broker:
        pool = Pool(broker.url, connections=3, outbox=tmp_path, reconnect="lan")
        for _ in range(2):
            events = pool.events()
            async with pool:
                await pool.ready(5)
            assert [event.name async for event in events].count("connected") == 3


async def test_its_options_are_those_of_each_file(tmp_path: Path) -> None:
    """``Outbox(folder, ...)``: the folder is made, and each file has this budget."""
    assert shard(ONE, 2) != shard(OTHER, 2)
    pool = Pool(
        NOBODY, connections=2, outbox=Outbox(tmp_path / "new", max_messages=1, overflow="drop_oldest")
    )
    async with pool:
        for number in range(3):
            await pool.publish("a", str(number), key=ONE)
        await pool.publish("a", "x", key=OTHER)
    assert sorted(path.name for path in (tmp_path / "new").glob("*.db")) == ["0-of-2.db", "1-of-2.db"]
    ledger = pool.ledger()
    assert (ledger.accepted, ledger.dropped, ledger.pending) == (4, 2, 2)


async def test_older_files_are_flushed_and_counted_too(tmp_path: Path) -> None:
    """``flush`` and the books are about all that was accepted; snapshots show who is still at it."""
    with Broker() as broker:
        url = broker.url
        broker.stop()
        async with Pool(url, connections=3, outbox=tmp_path, drain_s=0) as pool:
            for number in range(30):
                await pool.publish(f"n/{number}", "1")
        broker.start()
        broker.hold("PUBACK")
        async with Pool(url, connections=2, outbox=tmp_path, reconnect="lan") as pool:
            await pool.publish("n/0", "2")
            assert len(pool.snapshots()) == 5
            assert (pool.ledger().accepted, pool.ledger().pending) == (31, 31)
            await eventually(lambda: len(broker.messages()) == 30)
            with pytest.raises(Timeout, match="31 messages"):
                await pool.flush(0.01)
            broker.release()
            await pool.flush(5)
            assert (pool.ledger().acknowledged, len(pool.snapshots())) == (31, 2)
        assert [message.text() for message in broker.messages("n/0")] == ["1", "2"]


async def test_it_is_stopped_from_another_loop(tmp_path: Path) -> None:
    """As every coroutine of it, it may be awaited on any."""
    with Broker() as broker:
        pool = Pool(broker.url, connections=2, outbox=tmp_path, reconnect="lan")
        await pool.start()

        async def elsewhere() -> int:
            await pool.ready(5)
            await pool.publish("a", "b")
            await pool.flush(5)
            return (await pool.stop()).acknowledged

        assert await asyncio.to_thread(asyncio.run, elsewhere()) == 1


async def test_flush_says_that_nothing_can_be_sent(tmp_path: Path) -> None:
    """Older connections gave up on the broker, so nothing newer will ever leave in this run."""
    async with Pool(NOBODY, connections=2, outbox=tmp_path, drain_s=0) as pool:
        await pool.publish("a", "b")
    policy = Reconnect(first_delay_s=0.001, max_delay_s=0.01, max_attempts=3)
    async with Pool(NOBODY, connections=1, outbox=tmp_path, reconnect=policy, drain_s=0) as pool:
        with pytest.raises(Stopped, match="gave up on the broker"):
            await pool.flush(5)
    assert pool.ledger().pending == 1
