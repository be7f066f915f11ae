"""Enhanced authentication on real sockets: SCRAM-SHA-256 both ways, again on a live link, each failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from holdfast import Authenticator, Reconnect
from holdfast.errors import NotReady, Undelivered
from holdfast.resilience import backoff
from holdfast.testing import Broker, eventually
from tests.integration.authenticated import Late, authenticating, client_of
from tests.support.scram import PASSWORD, Liar, Scram


@pytest.mark.parametrize("make", [Scram, Late])
async def test_messages_cross_an_authenticated_link(make: Callable[[], Authenticator]) -> None:
    """Plain and coroutine steps; after a restart of the broker it authenticates anew, with fresh nonces."""
    with authenticating() as broker:
        async with client_of(broker, make) as client, client.subscribe("t", qos=2) as messages:
            for number in range(2):
                await client.ready(5)
                await client.publish("t", str(number), qos=2)
                assert (await anext(messages)).text() == str(number)
                broker.restart()
            await eventually(lambda: broker.connects == 3)
            await client.ready(5)
            assert client.snapshot().version == "5"
        assert broker.violations == []


async def test_what_the_broker_kept_comes_after_its_proof() -> None:
    """Messages that follow CONNACK at once are held until finish() is done, then delivered in order."""
    with authenticating() as broker:
        client = client_of(broker, Late)
        got: list[bytes] = []

        @client.on("t", qos=1)
        async def handle(payload: bytes) -> None:
            got.append(payload)

        async with client:
            await client.ready(5)
            broker.cut()
            for number in range(50):
                broker.publish("t", str(number))
            await eventually(lambda: len(got) == 50)
        assert got == [str(number).encode() for number in range(50)]
        assert broker.violations == []


async def test_a_server_that_cannot_prove_itself_gets_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It accepted us, and knows no password: named, nothing sent to it, and no secret in any word."""
    caplog.set_level(logging.DEBUG)
    with authenticating(Liar) as broker:
        client = client_of(broker)
        await client.start()
        events = client.events()
        client.publish_nowait("t", "x")
        with pytest.raises(NotReady) as unready:
            await client.ready(0.3)
        told = await anext(events)
        assert unready.value.cause == "authentication"
        assert "finish() raised WrongProof at scram.py:" in str(unready.value)
        with pytest.raises(Undelivered):
            await client.stop(0)
        assert broker.messages() == []
        assert broker.connects > 1
        assert broker.violations == []
        assert PASSWORD not in f"{told!r} {vars(told)} {unready.value} {unready.value.hint} {caplog.text}"


async def test_a_wrong_password_is_refused_and_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """CONNACK 0x87: the next attempt asks for the secret anew, and is let in."""
    monkeypatch.setattr(backoff, "SLOW_S", 0.1)
    passwords = iter(["wrong", "wrong too"])
    with authenticating() as broker:
        async with client_of(broker, lambda: Scram(password=next(passwords, PASSWORD))) as client:
            await client.ready(8)
        assert broker.connects == 3


async def test_a_broker_without_the_method_is_named() -> None:
    """0x8C, and no connection without authentication, in no version."""
    with Broker() as broker:
        async with client_of(broker) as client:
            with pytest.raises(NotReady) as unready:
                await client.ready(0.3)
        assert "Bad authentication method" in str(unready.value)
        assert client.snapshot().connections == 0


class Stuck(Scram):
    """Its answer never comes."""

    async def challenge(self, data: bytes) -> bytes:  # type: ignore[override]
        while True:  # and it will not be cancelled either, for a while
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                await asyncio.sleep(0.2)
                raise


class Unreachable(Scram):
    """The token server is down."""

    async def start(self) -> bytes:  # type: ignore[override]
        raise ConnectionRefusedError(f"token for {PASSWORD}")


class Wordy(Scram):
    """Gives what is no data."""

    def challenge(self, data: bytes) -> bytes:
        return PASSWORD  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Stuck, "challenge() was not done in time"),
        (Unreachable, "start() raised ConnectionRefusedError at test_authentication.py:"),
        (Wordy, "challenge() gave str, not bytes"),
        (Authenticator, "Authenticator names no method"),
    ],
)
async def test_what_the_authenticator_does_wrong_is_named(make: type[Authenticator], words: str) -> None:
    """By its class and place, without its words; and it is tried again."""
    with authenticating() as broker:
        reconnect = Reconnect(first_delay_s=0.01, max_delay_s=0.05, attempt_timeout_s=0.1)
        async with client_of(broker, make, reconnect=reconnect) as client:
            with pytest.raises(NotReady) as unready:
                await client.ready(0.5)
            await eventually(lambda: client.snapshot().attempts > 1)
        assert unready.value.cause == "authentication"
        assert words in str(unready.value)
        assert PASSWORD not in f"{unready.value} {unready.value.hint}"
