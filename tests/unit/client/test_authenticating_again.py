"""Authenticating again: one exchange for all who wait, and a named end for each of them."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.codec import Disconnect
from holdfast.errors import AuthenticationFailed, Timeout, TooLarge
from holdfast.protocol import Closed
from tests.unit.client.exchange import Bench, Plain, auth


async def test_again() -> None:
    """One exchange, however many wait for it; a wait that ends early ends nothing else."""
    bench = Bench()
    link = await bench.up()
    waits = [asyncio.create_task(bench.authenticating.again(None)) for _ in range(2)]
    assert await bench.sent() == [auth(0x19, b"first")]
    with pytest.raises(Timeout):
        await bench.authenticating.again(0.001)
    link.feed(auth(0x18, b"abc"))
    assert await bench.sent() == [auth(0x18, b"cba")]
    link.feed(auth(0x00))
    await asyncio.gather(*waits)
    bench.authenticating.reauthenticated()
    bench.end()


async def test_the_broker_gives_no_answer() -> None:
    """Within the limit of an attempt: DISCONNECT, named; also when nobody waits any more."""
    bench = Bench(limit_s=0.02)
    await bench.up()
    with pytest.raises(AuthenticationFailed, match=r"no answer in 0\.02 s"):
        await bench.authenticating.again(None)
    assert (await bench.sent())[-1] == Disconnect(0x80)
    bench.end()


@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [
        (None, "the link was lost", None),
        (Closed(False, 0x87, ""), "ended the connection: Not authorized$", 0x87),
        (Closed(False, 0x87, "token expired"), r"Not authorized \(token expired\)", 0x87),
        (Closed(True, 0x8D, "silence"), "silence", None),
    ],
)
async def test_the_connection_ends_meanwhile(closed: Closed | None, words: str, code: int | None) -> None:
    """Named by what ended it; the next connection authenticates anew, says the hint."""
    bench = Bench()
    await bench.up()
    wait = asyncio.create_task(bench.authenticating.again(None))
    await bench.sent()
    bench.connection.closed = closed
    bench.end()
    with pytest.raises(AuthenticationFailed, match=words) as failed:
        await wait
    assert failed.value.code == code
    assert "next connection" in (failed.value.hint or "")


async def test_not_connected() -> None:
    """Nothing is sent, and nothing hangs."""
    bench = Bench()
    link = await bench.dial()
    link.sent()
    with pytest.raises(AuthenticationFailed, match="not connected"):
        await bench.authenticating.again(None)
    assert link.sent() == []
    bench.end()


async def test_another_method_is_refused() -> None:
    """[MQTT-4.12.1-1]; the connection goes on."""
    makes = iter([Plain, Other])
    bench = Bench(lambda: next(makes)())
    link = await bench.up()
    with pytest.raises(AuthenticationFailed, match="cannot change"):
        await bench.authenticating.again(None)
    assert link.sent() == []
    bench.end()


class Other(Plain):
    method = "N"


async def test_too_much_for_this_broker() -> None:
    """More data than its Maximum Packet Size takes: TooLarge, and the connection goes on."""
    bench = Bench()
    link = await bench.up(maximum_packet_size=10)
    with pytest.raises(TooLarge):
        await bench.authenticating.again(None)
    assert link.sent() == []
    bench.end()
