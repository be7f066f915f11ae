"""The blocking client: every verb of it, on threads, and its end."""

from __future__ import annotations

import threading
import time

import pytest

from holdfast import Router, Rule
from holdfast.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Denied,
    NotReady,
    Stopped,
    Timeout,
    Undelivered,
)
from holdfast.sync import Client
from holdfast.testing import Broker
from tests.unit.sync.conftest import client_threads, wait_for

NOBODY = "mqtt://127.0.0.1:1"
CYCLES = 20


def test_publish_and_handle(client: Client, broker: Broker) -> None:
    """Messages go out and come back to a handler on a thread of its own, in order."""
    got: list[tuple[int, str]] = []

    @client.on("a/{number}", qos=2)
    def handle(number: int, payload: str) -> None:
        got.append((number, payload))

    client.ready(5)
    receipts = [client.publish(f"a/{number}", str(number), qos=number % 3) for number in range(30)]  # type: ignore[arg-type]
    client.publish_many([("a/98", "x"), ("a/99", "y")]).acknowledged(5)
    client.flush(5)
    assert {receipt.state for receipt in receipts} == {"sent", "acknowledged"}
    wait_for(lambda: len(got) == 32)
    assert sorted(got) == [*((number, str(number)) for number in range(30)), (98, "x"), (99, "y")]
    assert client.publish_nowait("b", json={"a": 1}).state in ("pending", "acknowledged")
    assert (client.client_id, client.status) == ("blocking", "connected")
    wait_for(lambda: client.snapshot().handled == 32)
    client.redial()
    client.unsubscribe("never/asked/for")


def test_what_publish_refuses(broker: Broker) -> None:
    """The same errors as with await."""
    with Client(broker.url, rules=[Rule("secret/#", allow=False)]) as client:
        with pytest.raises(Denied):
            client.publish("secret/x", "y")
        with pytest.raises(ConfigurationError):
            client.publish("a/#", "y")
        with pytest.raises(ConfigurationError, match="authentication="):
            client.reauthenticate()
    for late in (client.publish, client.publish_nowait):
        with pytest.raises(Stopped, match="stopped"):
            late("a", "b")
    with pytest.raises(Stopped, match="stopped"):
        client.publish_many([("a", "b")])


def test_waits_end_in_their_time() -> None:
    """Without a broker each says what it waited for; the rest goes on."""
    client = Client(NOBODY, client_id="nobody", reconnect="lan", drain_s=0.1)
    with pytest.raises(Stopped, match="not started"):
        client.ready()
    client.start()
    with pytest.raises(NotReady, match="refused the connection"):
        client.ready(0.2)
    receipt = client.publish("a", "b")
    receipt.accepted(0)
    with pytest.raises(Timeout, match="still pending"):
        receipt.acknowledged(0.01)
    with pytest.raises(Timeout):
        client.flush(0.01)
    with pytest.raises(Undelivered):
        client.stop()
    with pytest.raises(Stopped):
        receipt.acknowledged()
    assert client_threads() == []


def test_an_error_on_its_way_out_is_not_replaced(caplog: pytest.LogCaptureFixture) -> None:
    """What memory held is said in the log then."""

    def fail() -> None:
        with Client(NOBODY, client_id="x", drain_s=0) as client:
            client.publish("a", "b")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "only memory held" in caplog.text


def test_started_and_stopped_again_and_again(broker: Broker) -> None:
    """No thread is left, and started or stopped twice it does nothing."""
    client = Client(broker.url, client_id="again")
    for _ in range(CYCLES):
        client.start()
        client.start()
        client.publish("t", "x").acknowledged(5)
        ledger = client.stop()
        assert client.stop() == ledger
        assert client_threads() == []
    assert ledger.acknowledged == CYCLES
    assert broker.connects == CYCLES


def test_stopped_by_two_at_once(broker: Broker) -> None:
    """Both return when it has ended."""
    client = Client(broker.url, client_id="x")
    client.start()
    client.ready(5)
    threads = [threading.Thread(target=client.stop) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert client.status == "disconnected"
    assert client_threads() == []


def test_a_handler_that_stops_the_client(client: Client) -> None:
    """It is not waited for by itself; the message in its hand stays with the session."""
    took: list[float] = []

    @client.on("stop")
    def handle(payload: bytes) -> None:
        began = time.monotonic()
        client.stop(10)
        took.append(time.monotonic() - began)

    client.ready(5)
    client.publish("stop", "x")
    wait_for(lambda: took)
    assert took[0] < 3


def test_isolated_by_nature() -> None:
    """It may be said, and cannot be switched off."""
    Client(NOBODY, isolated=True)
    with pytest.raises(ConfigurationError, match="thread of its own"):
        Client(NOBODY, isolated=False)


def test_handlers_are_plain_functions(client: Client) -> None:
    """A coroutine function would have no loop of its caller's; routers are looked through first."""

    async def handle(payload: bytes) -> None:
        """Not here."""

    router = Router()
    router.on("fine")(lambda: None)
    router.on("x")(handle)
    with pytest.raises(ConfigurationError, match="handle is a coroutine function"):
        client.on("x")(handle)
    with pytest.raises(ConfigurationError, match="handle is a coroutine function"):
        client.include(router)
    assert client._client._router.handlers == []
    router.handlers.pop()
    client.include(router)
    assert len(client._client._router.handlers) == 1


def test_lent(client: Client) -> None:
    """A borrower's end ends what it subscribed, on the same thread of the client."""
    lent, got = client.lend(), list[str]()

    @lent.on("t")
    def handle(payload: str) -> None:
        got.append(payload)

    with lent:
        lent.ready(5)
        lent.publish("t", "x").acknowledged(5)
        wait_for(lambda: got == ["x"])
    with pytest.raises(Stopped, match="lent"):
        lent.publish("t", "y")
    client.publish("t", "z").acknowledged(5)
    assert got == ["x"]
    assert len(client_threads()) == 1


def test_its_thread_dies(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Said aloud, everything ends, and it can be started again."""
    loop = client._home.loop
    assert loop is not None
    loop.call_soon_threadsafe(loop.stop)
    wait_for(lambda: client._home.loop is None)
    assert "the client's thread failed" in caplog.text
    with pytest.raises(Stopped):
        client.publish("t", "x")
    with pytest.raises(Stopped):
        client.ready()
    client.stop()
    client.start()
    client.ready(5)
    client.publish("t", "x").acknowledged(5)


def test_authentication_needs_an_authenticator() -> None:
    """And a connection."""
    from holdfast import Authenticator

    client = Client(NOBODY, authentication=Authenticator, drain_s=0)
    with client, pytest.raises(AuthenticationFailed):
        client.reauthenticate(1)
