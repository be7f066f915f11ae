"""The client's face, as far as it can be seen without a broker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast import Authenticator, Client, Limits, Router, Status
from holdfast.errors import ConfigurationError, Stopped, Undelivered
from holdfast.testing import Broker
from tests.unit.client.conftest import engine_of

NOBODY = "mqtt://127.0.0.1:1"


def test_before_the_start() -> None:
    """No I/O, no loop: a snapshot, a name, and everything else is Stopped."""
    client = Client(NOBODY, client_id="me")
    assert (client.client_id, client.status) == ("me", Status.DISCONNECTED)
    snapshot = client.snapshot()
    assert (snapshot.broker, snapshot.version, snapshot.last_in_s) == ("mqtt://127.0.0.1:1", None, None)
    with pytest.raises(Stopped, match="not started"):
        client.publish_nowait("x", "y")
    with pytest.raises(Stopped):
        client.redial()


async def test_waits_of_a_client_that_does_not_run() -> None:
    """Each raises Stopped, before the start and after the end."""
    client = Client(NOBODY, authentication=Authenticator)
    for _ in range(2):
        for wait in (
            client.ready,
            client.flush,
            client.reauthenticate,
            lambda: client.unsubscribe("x"),
            lambda: client.publish("x"),
        ):
            with pytest.raises(Stopped):
                await wait()
        with pytest.raises(Stopped):
            async with client.subscribe("x"):
                """Never entered."""
        await client.start()
        await client.start()
        assert (await client.stop()).accepted == 0
        assert (await client.stop()).accepted == 0


def test_handlers_are_checked_when_they_are_registered() -> None:
    """A filter, a function or a contradiction that cannot work is refused at once, and leaves nothing."""
    client = Client(NOBODY)
    router = Router()

    @router.on("a")
    async def one(payload: bytes) -> None:
        """Nothing."""

    @router.on("a", retained="never")
    async def two(payload: bytes) -> None:
        """Nothing."""

    with pytest.raises(ConfigurationError, match="other options"):
        client.include(router)
    assert len(client._router.handlers) == 1
    with pytest.raises(ConfigurationError):
        client.on("a/#/b")(one)
    with pytest.raises(ConfigurationError):
        client.on("b")(str)
    with pytest.raises(ConfigurationError):
        client.on()
    with pytest.raises(ConfigurationError):
        client.subscribe()


async def test_the_body_s_error_is_not_replaced(caplog: pytest.LogCaptureFixture) -> None:
    """An error on its way out of the block goes on; what is undelivered is logged."""

    async def program() -> None:
        async with Client(NOBODY, client_id="x", drain_s=0) as client:
            await client.publish("x", "y")
            raise KeyError

    with pytest.raises(KeyError):
        await program()
    assert "only memory held" in caplog.text
    client = Client(NOBODY, client_id="x", drain_s=0)
    await client.start()
    await client.publish("x", "y")
    with pytest.raises(Undelivered):
        await client.__aexit__(None, None, None)


def test_published_while_the_loop_does_not_run() -> None:
    """On the loop's own thread, but not in the loop: what is accepted goes out when the loop goes on."""
    with Broker() as broker:
        client = Client(broker.url, client_id="x")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.start())
        loop.run_until_complete(client.ready(5))
        engine, pumped = engine_of(client), list[bool]()
        pump = engine._pump

        def look() -> None:
            pumped.append(loop.is_running())
            pump()

        engine._pump = look  # type: ignore[method-assign]
        receipt = client.publish_nowait("x", "y")
        loop.run_until_complete(receipt.acknowledged(5))
        loop.run_until_complete(client.stop())
        loop.close()
        assert all(pumped)


def test_published_when_the_loop_is_closed() -> None:
    """A program that closed the loop under its client: accepted, or dropped and counted."""
    client = Client(NOBODY, client_id="x", limits=Limits(qos0_outbox=1))
    asyncio.run(client.start())
    receipts = [client.publish_nowait("x", "y", qos=qos) for qos in (0, 0, 1)]
    assert [receipt.id for receipt in receipts] == [1, 2, 3]
    ledger = client.snapshot().ledger
    assert (ledger.accepted, ledger.dropped, ledger.pending) == (3, 1, 2)


@pytest.mark.parametrize(
    ("given", "isolated", "probe_s"),
    [
        ({}, True, 30),
        ({"isolated": False, "probe_s": 5}, False, 5),
        ({"probe_s": None}, True, None),
    ],
    ids=["left out", "chosen", "no probe"],
)
def test_a_service_sets_what_was_left_out(
    given: dict[str, Any], isolated: bool, probe_s: float | None
) -> None:
    """And nothing that the application chose (contract 21, 23); by itself a client has neither."""
    client = Client(NOBODY, **given)
    assert client._setup.probe_s == given.get("probe_s")
    client._serve()
    assert (client._setup.isolated, client._setup.probe_s) == (isolated, probe_s)
    assert client.snapshot().probe == ("off" if probe_s is None else "waiting")


async def test_a_client_that_runs_stays_as_it_is() -> None:
    """Whoever started it decided."""
    async with Client(NOBODY, drain_s=0) as client:
        client._serve()
        assert (client._setup.isolated, client._setup.probe_s) == (None, None)
