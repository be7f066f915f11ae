"""A client that speaks of itself: nobody else hears of the watch, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Limits, Will
from holdfast.testing import Broker, eventually
from tests.integration.conftest import MakeClient, Version, on_tcp
from tests.integration.status import STATUS, Watcher, gateway, isolated_or_not
from tests.support.gateway import Gateway

# -- nobody else hears of the watch ------------------------------------------------------------


@on_tcp
async def test_handlers_hear_the_topic_once_and_only_if_they_want_it(make: MakeClient) -> None:
    """The application's own filters bring what they bring without a birth: one message each."""
    heard: list[str] = []
    client = gateway(make, limits=Limits(unclaimed_s=0.05))
    events = client.events()
    async with Watcher(make) as watcher, client:
        await watcher.says("online")
        await watcher.client.publish(STATUS, "one")
        await watcher.says("online", "one")

        @client.on("status/#", retained="never")
        async def handle(payload: str) -> None:
            heard.append(payload)

        await client.ready(5)
        await watcher.client.publish(STATUS, "two")
        await eventually(lambda: heard == ["two"])
        async with client.subscribe(STATUS, retained="never") as messages:
            await messages.ready(5)
            await watcher.client.publish(STATUS, "three")
            assert (await asyncio.wait_for(anext(messages), 5)).text() == "three"
        await watcher.client.publish("status/end", "end")
        await eventually(lambda: "end" in heard)
        assert heard == ["two", "three", "end"]
    assert "unclaimed" not in [event.name async for event in events]


@on_tcp
async def test_a_kept_session_is_left_without_a_filter(make: MakeClient) -> None:
    """Who stopped cleanly finds nothing in its session: not the filter, and not what came by it."""
    async with Watcher(make) as watcher:
        async with gateway(make) as client:
            await client.ready(5)
            await watcher.says("online")
        await watcher.client.publish(STATUS, "while it was away")
        async with make(client_id="gateway") as client:
            await client.ready(5)
            await watcher.client.publish(STATUS, "and now")
            await watcher.says("online", "offline", "while it was away", "and now")
            async with client.subscribe("else") as messages:
                await client.publish("else", "x")
                assert (await asyncio.wait_for(anext(messages), 5)).text() == "x"
            assert client.snapshot().received == 1


async def test_who_only_publishes_asks_for_the_session_of_a_publisher() -> None:
    """The watch is no subscription of the application: one hour, not 24 (contract 2)."""
    with Broker(strict=True) as broker:
        will = Will("status", "offline", birth="online")
        async with Client(broker.url, client_id="gateway", will=will) as client:
            await client.ready(5)
            terms = client._state.terms
            assert terms is not None
            assert terms.session_expiry_s == 3600


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_process_that_was_killed_before_the_answer(version: Version, tmp_path: Path) -> None:
    """Its birth is in no file, and its identifier may not be given again in this session [MQTT-2.2.1-3]."""
    with Broker(strict=True) as broker:
        broker.hold("PUBACK")
        options = {"version": version, "client_id": "killed", "outbox": str(tmp_path / "outbox.db")}
        for lives in (1, 2, 3):
            with Gateway(broker.url, STATUS, **options):
                await eventually(lambda n=lives: len(broker.messages(STATUS)) == n)  # type: ignore[misc]
        broker.release()
        with Gateway(broker.url, STATUS, **options) as last:
            await asyncio.to_thread(last.stop)
        assert broker.violations == []
        assert [one.text() for one in broker.messages(STATUS)] == [*(["online"] * 4), "offline"]


# -- what goes wrong ---------------------------------------------------------------------------


async def test_a_refused_birth_is_told_and_costs_nothing(version: Version) -> None:
    """No right to publish there: an event with the reason (MQTT 5), and everything else goes on."""
    with Broker() as broker:
        if version == "5":
            broker.refuse("PUBLISH", 0x87, times=1)
        broker.refuse("SUBSCRIBE", 0x87, times=1)
        will = Will("status", "offline", birth="online")
        client = Client(broker.url, client_id="gateway", will=will, version=version)
        events = client.events()
        async with client:
            await client.ready(5)
            receipt = await client.publish("x", "y")
            await receipt.acknowledged(5)
        names = [event.name async for event in events]
        assert names.count("announcement_refused") == (1 if version == "5" else 0)
        assert names.count("unwatched") == 1


@isolated_or_not
@pytest.mark.parametrize("which", ["will", "birth"])
async def test_a_function_that_raises_is_an_attempt_that_failed(which: str, isolated: bool) -> None:
    """Named, and asked again at the next attempt; what waits goes out then."""
    broken = [KeyError("s3cret")]

    def words() -> str:
        if broken:
            raise broken[0]
        return "words"

    options: dict[str, Any] = {"payload": "offline", "birth": "online"}
    options["payload" if which == "will" else "birth"] = words
    with Broker() as broker:
        client = Client(
            broker.url, client_id="x", reconnect="lan", isolated=isolated, will=Will("status", **options)
        )
        async with client:
            receipt = await client.publish("x", "y")
            await eventually(lambda: client.snapshot().cause == "function")
            hint = client.snapshot().hint or ""
            assert f"the function for the {which} raised KeyError at test_birth_beside.py:" in hint
            assert "s3cret" not in hint
            broken.clear()
            await receipt.acknowledged(5)


@on_tcp
@isolated_or_not
async def test_without_a_notice_the_will_is_said(make: MakeClient, isolated: bool) -> None:
    """The function fails at the end: the broker says what it was given at the beginning, in both versions."""
    given = iter(["offline, and no words for it"])
    will = Will(STATUS, lambda: next(given), birth="online")
    async with Watcher(make) as watcher:
        async with gateway(make, will=will, isolated=isolated) as client:
            await client.ready(5)
            await watcher.says("online")
            began = time.monotonic()
        assert time.monotonic() - began < 2
        await watcher.said_no_more("online", "offline, and no words for it")


async def test_a_broker_that_hangs_up_on_the_watch_is_kept_all_the_same() -> None:
    """Some close the connection of who may not subscribe: after a few times it is left alone."""
    with Broker() as broker:
        broker.hold("SUBACK")
        will = Will("status", "offline", birth="online")
        async with Client(broker.url, client_id="x", reconnect="lan", will=will) as client:
            events = client.events()
            for connections in (1, 2, 3):
                await eventually(lambda n=connections: client.snapshot().connections == n)  # type: ignore[misc]
                broker.cut()
            async with asyncio.timeout(5):
                async for event in events:
                    if event.name == "unwatched":
                        break
