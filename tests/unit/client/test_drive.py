"""What keeps the link, on the loop it is made on: its end, and who is told."""

from __future__ import annotations

import asyncio

from holdfast import Client
from holdfast.client.core import Core
from holdfast.client.drive import Drive
from holdfast.client.port import Keeper
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
    """The broker has read it when this returns."""
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
        await client.stop()


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
