"""The steps of an authenticator, run one at a time: what they give, what they get wrong, and their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast import Authenticator
from holdfast.client.connection import Connection
from holdfast.codec import Connack, Disconnect
from holdfast.errors import AuthenticationFailed, ConfigurationError
from holdfast.protocol import Closed, ConnectRequest
from holdfast.testing import eventually
from tests.support.leaks import SECRET
from tests.unit.client.exchange import Bench, Plain, auth


async def test_without_one_nothing_is_asked_for() -> None:
    """The request stays as it is."""
    bench = Bench(None)
    request = ConnectRequest("c")
    assert await bench.authenticating.begin(request) is request
    bench.engine.close()


async def test_an_attempt() -> None:
    """start() in CONNECT, challenge() in AUTH, finish() opens; a missing datum is an empty one."""
    bench = Bench()
    link = await bench.dial()
    [connect] = link.sent()
    assert connect.properties["authentication_data"] == b"first"  # type: ignore[union-attr]
    link.feed(auth(0x18, b"abc"))
    assert await bench.sent() == [auth(0x18, b"cba")]
    link.feed(auth(0x18))
    assert await bench.sent() == [auth(0x18, b"")]
    link.accept(authentication_method="M")
    await eventually(bench.connection.opened.done)
    bench.end()


async def test_a_proof_that_is_none() -> None:
    """finish() raises: DISCONNECT, and the words of its error are told to nobody."""
    bench = Bench()
    link = await bench.dial()
    link.sent()
    link.feed(Connack(False, 0, auth(0, b"lie").properties))
    assert await bench.sent() == [Disconnect(0x80)]
    [closed] = [one for one in bench.events if isinstance(one, Closed)]
    assert closed.detail.startswith("our authenticator's finish() raised ValueError at exchange.py:")
    assert SECRET not in closed.detail
    bench.end()


class Nameless(Plain):
    method = ""


class Malformed(Plain):
    method = "\0"


class Wordy(Plain):
    def start(self) -> bytes | None:
        return SECRET  # type: ignore[return-value]


class Long(Plain):
    def start(self) -> bytes | None:
        return bytes(65_536)


class Raising(Plain):
    def start(self) -> bytes | None:
        raise KeyError(SECRET)


class Cancelled(Plain):
    async def start(self) -> bytes:  # type: ignore[override]
        token: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        token.cancel()
        return await token


class Panic(BaseException):
    """What an extension raises that gives up: no Exception."""


class Panicking(Plain):
    def start(self) -> bytes | None:
        raise Panic(SECRET)


def no_factory() -> Authenticator:
    raise OSError(SECRET)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Nameless, "names no method"),
        (Wordy, r"start\(\) gave str, not bytes"),
        (Long, r"start\(\) gave 65536 bytes"),
        (Raising, r"start\(\) raised KeyError at test_authenticating.py:\d+$"),
        (Cancelled, r"start\(\) raised CancelledError at test_authenticating.py:\d+$"),
        (Panicking, r"start\(\) raised Panic at test_authenticating.py:\d+$"),
        (no_factory, r"authentication\(\) raised OSError at test_authenticating.py:\d+$"),
    ],
)
async def test_what_a_first_step_gets_wrong(make: Any, words: str) -> None:
    """A sentence, and neither the words of an error nor a context that holds them."""
    bench = Bench(make)
    with pytest.raises(AuthenticationFailed, match=words) as failed:
        await bench.authenticating.begin(ConnectRequest("c"))
    assert SECRET not in str(failed.value)
    assert failed.value.__context__ is None
    assert bench.authenticating.overdue() is None
    bench.engine.close()


async def test_a_method_that_no_packet_carries() -> None:
    """As any other option that cannot be sent."""
    bench = Bench(Malformed)
    with pytest.raises(ConfigurationError, match="authentication method"):
        await bench.authenticating.begin(ConnectRequest("c"))
    bench.engine.close()


class Stuck(Plain):
    async def start(self) -> bytes:  # type: ignore[override]
        await asyncio.Event().wait()
        raise AssertionError


class Bare:
    """Not a subclass, and one step is missing."""

    method = "M"

    def start(self) -> None:
        """No data."""


async def test_a_step_that_is_missing() -> None:
    """As one that fails: named, and the attempt ends at once."""
    bench = Bench(Bare)
    link = await bench.dial()
    link.sent()
    link.feed(auth(0x18))
    assert await bench.sent() == [Disconnect(0x80)]
    [closed] = [one for one in bench.events if isinstance(one, Closed)]
    assert "challenge() raised AttributeError" in closed.detail
    bench.end()


async def test_time_is_up() -> None:
    """The step that is not done is named, and cancelled."""
    bench = Bench(Stuck)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await bench.authenticating.begin(ConnectRequest("c"))
    late = bench.authenticating.overdue()
    assert "start() was not done in time" in str(late)
    bench.authenticating.end(Connection(bench.engine))
    assert bench.authenticating.overdue() is None
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    bench.engine.close()
