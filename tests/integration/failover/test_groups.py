"""Groups of addresses, files that know them, and where a new process begins (contract 2, 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Reconnect, sync
from holdfast.client.events import Connected
from holdfast.errors import OutboxError, Undelivered
from holdfast.testing import Broker, Proxy, eventually
from holdfast.values import replace
from tests.integration.failover.conftest import QUICK, client_of, heard

Two = tuple[Broker, Broker]

STAY = replace(QUICK, fail_back_s=None)


async def test_a_group_shares_one_session(ours: Two) -> None:
    """Two ways to one broker: on the other one the session goes on, and what was in flight is resent."""
    broker, other = ours
    with Proxy(broker.url) as one, Proxy(broker.url) as two:
        client = client_of([one.url, two.url], other.url)
        async with client:
            await client.ready(5)
            events = client.events()
            broker.hold("PUBREC")
            for number in range(10):
                await client.publish("n", str(number), qos=2)
            await eventually(lambda: len(broker.messages("n")) == 10)
            one.refuse()
            one.reset()
            event = await heard(events, "connected")
            assert isinstance(event, Connected)
            assert event.session_present
            assert client.snapshot().broker == two.url
            broker.release()
            await client.flush(5)
        assert [message.text() for message in broker.messages("n")] == [str(number) for number in range(10)]
        assert [event.name async for event in events if event.name in ("failed_over", "session_lost")] == []
        assert other.connects == 0


@pytest.mark.parametrize("flying", [True, False])
async def test_a_new_process_begins_where_its_messages_are(ours: Two, tmp_path: Path, flying: bool) -> None:
    """With the backup that has them in flight, and so completes them; else with the primary."""
    primary, backup = ours
    options: dict[str, Any] = {"outbox": tmp_path / "outbox.db", "reconnect": STAY, "drain_s": 0.1}
    urls = primary.url, backup.url
    primary.stop()
    async with client_of(*urls, **options) as client:
        await client.ready(5)
        if flying:
            backup.hold("PUBACK")
        await client.publish("n", "1")
        await eventually(lambda: backup.messages("n"))
        if not flying:
            await client.flush(5)
    primary.start()
    backup.release()
    async with client_of(*urls, **options) as client:
        await client.ready(5)
        await client.flush(5)
        assert client.snapshot().broker == (backup.url if flying else primary.url)
        assert client.snapshot().ledger.acknowledged == 1
    assert [message.duplicate for message in backup.messages("n")] == [False, True][: 1 + flying]
    assert primary.messages("n") == []


async def test_a_backup_may_be_added_to_a_file(ours: Two, tmp_path: Path) -> None:
    """What was in flight with the one broker it knew goes on there; other brokers alone are refused."""
    primary, backup = ours
    options: dict[str, Any] = {"outbox": tmp_path / "outbox.db", "drain_s": 0.1}
    primary.hold("PUBACK")
    async with client_of(primary.url, **options) as client:
        await client.publish("n", "1")
        await eventually(lambda: primary.messages("n"))
    primary.release()
    async with client_of(backup.url, primary.url, **options, reconnect=STAY) as client:
        await client.flush(5)
        assert client.snapshot().broker == primary.url
    assert [message.duplicate for message in primary.messages("n")] == [False, True]
    with pytest.raises(OutboxError, match="belongs to the brokers"):
        await client_of("mqtt://127.0.0.1:1", **options).start()
    async with client_of(backup.url, **options) as client:
        await client.ready(5)


async def test_a_client_that_starts_again_begins_with_the_primary(ours: Two) -> None:
    """In memory as in a file: nothing is in flight, so nothing keeps it with the backup."""
    primary, backup = ours
    client = client_of(primary.url, backup.url, reconnect=STAY)
    primary.stop()
    async with client:
        await client.ready(5)
        assert client.snapshot().broker == backup.url
    primary.start()
    async with client:
        await client.ready(5)
        assert client.snapshot().broker == primary.url


async def test_messages_that_only_memory_has_move_too(ours: Two) -> None:
    """Also over a stop that left them behind: started again, they go where it goes."""
    primary, backup = ours
    client = client_of(primary.url, backup.url, reconnect=STAY, drain_s=0.1)
    primary.hold("PUBACK")
    await client.start()
    receipt = await client.publish("n", "1", qos=2)
    primary.hold("PUBREC")
    await client.ready(5)
    with pytest.raises(Undelivered):
        await client.stop()
    primary.stop()
    async with client:
        await receipt.acknowledged(5)
        assert receipt.maybe_duplicate
    assert [message.text() for message in backup.messages("n")] == ["1"]
    primary.start()


def test_the_blocking_client_fails_over_too(ours: Two) -> None:
    """The same face without async (``holdfast.sync``)."""
    primary, backup = ours
    with sync.Client([primary.url, backup.url], client_id="blocking", reconnect=QUICK) as client:
        client.ready(5)
        names = []
        primary.stop()
        for event in client.events():
            names.append(event.name)
            if event.name == "connected":
                break
        receipt = client.publish("n", "1")
        receipt.acknowledged(5)
        assert client.snapshot().broker == backup.url
    assert "failed_over" in names
    assert [message.text() for message in backup.messages("n")] == ["1"]
    primary.start()


async def test_an_attempt_counts_wherever_it_was(ours: Two) -> None:
    """``max_attempts`` in a row, over all brokers."""
    policy = Reconnect(first_delay_s=0.001, max_delay_s=0.002, attempt_timeout_s=0.01, max_attempts=9)
    client = Client(["mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2"], reconnect=policy)
    async with client:
        await eventually(lambda: client.status == "failed")
        assert client.snapshot().attempts == 9
