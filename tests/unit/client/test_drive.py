"""What keeps the link, on the loop it is made on: its end, and who is told."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Literal

import pytest

from holdfast import Client, Limits, Will
from holdfast.client.core import Core
from holdfast.client.drive import Drive
from holdfast.client.isolation import Isolated
from holdfast.client.port import Keeper
from holdfast.client.supervisor import Supervisor
from holdfast.errors import Stopped, Undelivered
from holdfast.testing import Broker, eventually
from tests.unit.client.conftest import NOBODY


async def test_it_is_the_keeper_of_a_client_that_is_not_isolated(client: Client, run: Core) -> None:
    """It dials until it is ended, and lingers never."""
    assert isinstance(run.keeper, Drive)
    keeper: Keeper = run.keeper
    assert (keeper.over, keeper.lingers) == (False, False)
    await keeper.settled()
    await keeper.disconnect(None, 0)
    await keeper.end([], 5)
    assert keeper.over


async def test_its_numbers_are_the_engines() -> None:
    """What came and went on the link is read from it."""
    with Broker() as broker:
        async with Client(broker.url) as client:
            await client.ready(5)
            core = client._core
            assert core is not None
            assert isinstance(core.keeper, Drive)
            assert core.engine is core.keeper.engine
            assert core.engine.last_in is not None
            assert (core.engine.handled, core.engine.dropped) == (0, 0)


async def test_a_disconnect_waits_for_the_end_of_the_link() -> None:
    """The broker has read it when this returns, and nobody dials behind it, before the end comes."""
    with Broker() as broker:
        client = Client(broker.url, client_id="polite")
        await client.start()
        await client.ready(5)
        core = client._core
        assert core is not None
        assert isinstance(core.keeper, Drive)
        connection = core.keeper.supervisor.connection
        assert connection is not None
        await core.keeper.disconnect(None, 5)
        assert connection.ended.done()
        await eventually(lambda: core.keeper.over)
        await client.stop()
        assert broker.connects == 1


async def test_a_farewell_waits_for_its_answer() -> None:
    """And is not there where nobody hears it, or nothing was said at the beginning."""
    with Broker() as broker:
        for will in (None, Will("status", "offline"), Will("status", "offline", birth="online")):
            client = Client(broker.url, client_id="polite", will=will)
            await client.start()
            await client.ready(5)
            core = client._core
            assert core is not None
            await core.keeper.farewell(5)
            said = [one.text() for one in broker.messages("status")]
            assert said == (["online", "offline"] if will is not None and will.birth else [])
            await client.stop()
    client = Client(NOBODY, will=Will("status", "offline", birth="online"))
    await client.start()
    assert client._core is not None
    await asyncio.wait_for(client._core.keeper.farewell(60), 1)
    await client.stop()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_notice_that_is_not_taken_is_left_to_the_will(version: Literal["5", "3.1.1"]) -> None:
    """No room in the window until the end: a clean DISCONNECT would leave "online" standing (contract 22)."""
    with Broker() as broker:
        async with Client(broker.url, version=version) as watcher, watcher.subscribe("status") as messages:
            await messages.ready(5)
            will = Will("status", "offline", birth="online")
            client = Client(
                broker.url, client_id="full", version=version, will=will, limits=Limits(inflight=1)
            )
            await client.start()
            assert (await asyncio.wait_for(anext(messages), 5)).text() == "online"
            broker.hold("PUBACK")
            await client.publish("x", "y")
            await eventually(lambda: broker.messages("x"))
            with pytest.raises(Undelivered):
                await client.stop(0.3)
            assert (await asyncio.wait_for(anext(messages), 5)).text() == "offline"
            assert [one.text() for one in broker.messages("status")] == ["online"]


async def test_attempts_that_are_used_up_are_told() -> None:
    """No error is told with it, and nobody dials any more."""
    from holdfast import Reconnect

    client = Client(NOBODY, reconnect=Reconnect(first_delay_s=0.001, max_attempts=1))
    await client.start()
    core = client._core
    assert core is not None
    await eventually(lambda: core.keeper.over)
    assert core.ended is not None
    await asyncio.wait_for(client.stop(), 5)


class Panic(BaseException):
    """What an extension raises that gives up: no Exception."""


@pytest.mark.parametrize("error", [asyncio.CancelledError, Panic, GeneratorExit])
@pytest.mark.parametrize("isolated", [False, True])
async def test_whatever_ends_the_dialling_is_told(
    monkeypatch: pytest.MonkeyPatch, isolated: bool, error: type[BaseException]
) -> None:
    """Something that an attempt waited for was cancelled, say: a defect is said, not an end in silence."""

    async def fails(self: Supervisor) -> None:
        raise error

    monkeypatch.setattr(Supervisor, "run", fails)
    client = Client(NOBODY, isolated=isolated)
    await client.start()
    with pytest.raises(Stopped, match="gave up on the broker"):
        await client.ready(5)
    assert client.snapshot().cause == "internal"
    await asyncio.wait_for(client.stop(), 5)


async def test_a_password_function_that_ends_the_process() -> None:
    """sys.exit() on the thread of the link is the end of the link, told once: not by the task as well."""
    client = Client(NOBODY, username="u", password=sys.exit, isolated=True)
    await client.start()
    core = client._core
    assert core is not None
    with pytest.raises(Stopped, match="SystemExit"):
        await client.ready(5)
    assert isinstance(core.keeper, Isolated)
    assert core.keeper._drive is not None
    task: Any = core.keeper._drive.supervising
    assert (task.done(), task._log_traceback) == (True, False)
    await asyncio.wait_for(client.stop(), 5)
