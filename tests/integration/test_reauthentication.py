"""Authenticating again on real sockets: the link stays, messages flow, and nothing hangs."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

import pytest

from holdfast import Client, Reconnect
from holdfast.errors import AuthenticationFailed, ConfigurationError, Stopped, Timeout
from holdfast.testing import eventually
from tests.integration.authenticated import Late, authenticating, client_of
from tests.support.leaks import SECRET
from tests.support.scram import Scram, ScramServer


async def test_authenticating_again_while_messages_flow() -> None:
    """It returns when both are content; the link is the same, and no message waits for it."""
    with authenticating() as broker:
        async with client_of(broker, Late) as client:
            await client.ready(5)
            events = client.events()
            receipts = [await client.publish("t", str(number)) for number in range(200)]
            first, second = client.reauthenticate(), client.reauthenticate(5)
            await asyncio.gather(first, second, *(receipt.acknowledged(5) for receipt in receipts))
            await client.reauthenticate()
            assert [(await anext(events)).name for _ in range(2)] == ["reauthenticated"] * 2
        assert broker.connects == 1
        assert broker.violations == []


class Counted(Scram):
    """Tells how many exchanges were begun."""

    made: ClassVar[list[Scram]] = []

    def start(self) -> bytes:
        Counted.made.append(self)
        return super().start()


async def test_messages_do_not_wait_for_the_answer() -> None:
    """The broker thinks about our AUTH; what we publish meanwhile is acknowledged meanwhile."""
    with authenticating() as broker:
        Counted.made.clear()
        async with client_of(broker, Counted, reconnect=Reconnect(attempt_timeout_s=10)) as client:
            await client.ready(5)
            broker.hold("AUTH")
            again = asyncio.create_task(client.reauthenticate())
            await eventually(lambda: len(Counted.made) == 2)
            await (await client.publish("t", "x", qos=2)).acknowledged(5)
            with pytest.raises(Timeout):
                await client.reauthenticate(0.01)
            assert not again.done()
            broker.release()
            await again


async def test_refused_again() -> None:
    """DISCONNECT 0x87: named with its code, and the next connection comes by itself."""
    passwords = iter([SECRET, "wrong"])
    with authenticating() as broker:
        async with client_of(broker, lambda: Scram(password=next(passwords, SECRET))) as client:
            await client.ready(5)
            with pytest.raises(AuthenticationFailed, match="Not authorized") as failed:
                await client.reauthenticate()
            assert failed.value.code == 0x87
            assert (failed.value.__cause__, failed.value.__context__) == (None, None)
            await eventually(lambda: broker.connects == 2)
            await client.ready(5)


class Forgetful(ScramServer):
    """Proves itself once, and never again."""

    proofs = 0

    def step(self, data: bytes) -> tuple[int, bytes | None]:
        reason, answer = super().step(data)
        if reason == 0x00:
            Forgetful.proofs += 1
            return (0x00, answer) if Forgetful.proofs != 2 else (0x00, None)
        return reason, answer


async def test_a_broker_that_fails_its_proof_again() -> None:
    """The connection ends with it [MQTT-4.12.1-2], and the next one is asked for its proof, too."""
    with authenticating(Forgetful) as broker:
        async with client_of(broker) as client:
            await client.ready(5)
            with pytest.raises(AuthenticationFailed, match=r"finish\(\) raised"):
                await client.reauthenticate()
            await eventually(lambda: client.snapshot().connections == 2)
            assert client.snapshot().disconnections == {"authentication": 1}


async def test_silence_ends_it_in_time() -> None:
    """No answer to our AUTH within the limit of an attempt: named, and the connection ends with it."""
    with authenticating() as broker:
        async with client_of(broker) as client:
            await client.ready(5)
            broker.drop("AUTH")
            began = time.monotonic()
            with pytest.raises(AuthenticationFailed, match=r"no answer in 0\.5 s"):
                await client.reauthenticate()
            assert 0.4 < time.monotonic() - began < 2
            await eventually(lambda: client.snapshot().connections == 2)


@pytest.mark.parametrize("how", ["cut", "stop"])
async def test_it_never_hangs(how: str) -> None:
    """A lost link and a stop end it with a named error; so does having no connection."""
    with authenticating() as broker:
        Counted.made.clear()
        client = client_of(broker, Counted, reconnect=Reconnect(attempt_timeout_s=10))
        await client.start()
        await client.ready(5)
        broker.hold("AUTH")
        again = asyncio.create_task(client.reauthenticate())
        await eventually(lambda: len(Counted.made) == 2)
        if how == "cut":
            broker.cut()
            with pytest.raises(AuthenticationFailed, match="link was lost"):
                await again
            broker.freeze()
            await eventually(lambda: client.status != "connected")
            with pytest.raises(AuthenticationFailed, match="not connected"):
                await client.reauthenticate()
            broker.thaw()
        await client.stop()
        if how == "stop":
            with pytest.raises(Stopped):
                await again
        with pytest.raises(Stopped):
            await client.reauthenticate()


async def test_from_another_loop() -> None:
    """It hops, as every coroutine of the client does."""
    with authenticating() as broker:
        async with client_of(broker) as client:
            await client.ready(5)
            await asyncio.to_thread(asyncio.run, client.reauthenticate(5))


class Changing(Scram):
    """Another method the second time."""

    made = 0

    def __init__(self) -> None:
        super().__init__()
        Changing.made += 1
        self.method = "SCRAM-SHA-256" if Changing.made == 1 else "SCRAM-SHA-512"


async def test_the_method_of_a_connection_stays() -> None:
    """[MQTT-4.12.1-1]: another one is refused here, and the connection goes on."""
    with authenticating() as broker:
        async with client_of(broker, Changing) as client:
            await client.ready(5)
            with pytest.raises(AuthenticationFailed, match="cannot change"):
                await client.reauthenticate()
            assert client.status == "connected"


async def test_without_an_authenticator() -> None:
    """It says what is missing."""
    with pytest.raises(ConfigurationError, match="authentication="):
        await Client().reauthenticate()
