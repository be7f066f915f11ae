"""The connections of a pool are with one group of brokers (contract 25)."""

from __future__ import annotations

from holdfast import Pool, Reconnect
from holdfast.client.layout import shard
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.failover.conftest import QUICK
from tests.integration.pool.conftest import through

KEYS = [f"k/{number}" for number in range(12)]

SOON = Reconnect(first_delay_s=0.01, max_delay_s=0.02, attempt_timeout_s=0.05, fail_back_s=1)
"""Attempts enough for a client by itself to go over in a tenth of a second."""


def brokers(pool: Pool) -> set[str]:
    """Those that the connections are with."""
    return {one.broker for one in pool.snapshots() if one.status == "connected"}


async def publish(pool: Pool, payload: str) -> None:
    for key in KEYS:
        await pool.publish(key, payload)


async def test_all_go_over_and_all_come_back(ours: tuple[Broker, Broker]) -> None:
    """With all that was accepted: when the primary is gone, and after the hold-down."""
    primary, backup = ours
    async with Pool([primary.url, backup.url], client_id="gw", reconnect=QUICK) as pool:
        await pool.ready(5)
        primary.stop()
        await publish(pool, "1")
        await pool.flush(10)
        await eventually(lambda: brokers(pool) == {backup.url})
        primary.start()
        await eventually(lambda: brokers(pool) == {primary.url}, 20)
        await publish(pool, "2")
        await pool.flush(10)
        ledger = pool.ledger()
    assert ledger.acknowledged == ledger.accepted == 24
    assert sorted({message.text() for message in backup.messages("k/#")}) == ["1"]
    assert [message.text() for message in primary.messages("k/#")] == ["2"] * 12


async def test_nobody_leaves_a_group_that_the_others_have(ours: tuple[Broker, Broker]) -> None:
    """One connection is cut off for longer than a client by itself would wait: its keys wait for its link."""
    primary, backup = ours
    with Proxy(primary.url) as way:
        pool = Pool([primary.url, backup.url], client_id="gw", reconnect=SOON)
        direct = [primary.url, backup.url]
        through(pool, direct, direct, [way.url, backup.url], direct)
        async with pool:
            await pool.ready(5)
            way.refuse()
            way.reset()
            await publish(pool, "1")
            await eventually(lambda: pool.snapshots()[2].attempts > 20, 10)
            alone = pool.snapshots()[2]
            assert (alone.status, alone.cause, alone.broker) == ("reconnecting", "refused", way.url)
            cut_off = sum(shard(key, 4) == 2 for key in KEYS)
            await eventually(lambda: pool.ledger().pending == cut_off)
            way.heal()
            await pool.flush(10)
    assert backup.connects == 0
    assert len(primary.messages("k/#")) == 12


async def test_who_is_with_a_better_group_is_followed(ours: tuple[Broker, Broker]) -> None:
    """Parted they come together again, with the better broker, sooner than each by itself would."""
    primary, backup = ours
    held = Reconnect(first_delay_s=0.01, max_delay_s=0.02, attempt_timeout_s=0.3, fail_back_s=8)
    with Proxy(primary.url) as way:
        pool = Pool([primary.url, backup.url], client_id="gw", connections=2, reconnect=held)
        direct = [primary.url, backup.url]
        through(pool, direct, [way.url, backup.url])
        primary.stop()
        async with pool:
            await eventually(lambda: brokers(pool) == {backup.url}, 10)
            primary.start()
            one = pool._members.clients[0]
            await one.stop()
            await one.start()
            await eventually(lambda: one.snapshot().broker == primary.url, 10)
            await eventually(lambda: pool.snapshots()[1].broker == way.url, 6)
            await pool.ready(5)
