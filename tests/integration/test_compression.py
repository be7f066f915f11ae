"""Compression on the wire: round trips are intact, the content type is the mark, off by default (C15)."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Callable
from typing import Any

import pytest

from holdfast import Client, Compression, Message, Rule, sync
from holdfast.messages import QoS
from holdfast.testing import eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp
from tests.support.faces import AsAwaited

pytestmark = [on_tcp, pytest.mark.parametrize("version", ["5"], indirect=True)]

TEXT = "plant 1 is at 21.5 degrees\n" * 200
NOISE = os.urandom(5000)

# What is published, its content type, and the content type under which it leaves; None: as it is.
CASES: list[tuple[bytes, str | None, str | None]] = [
    (TEXT.encode(), None, "application/x.holdfast+gzip"),
    (TEXT.encode(), "text/plain; charset=utf-8", "text/plain+gzip; charset=utf-8"),
    (TEXT.encode(), "application/json", "application/json+gzip"),
    (b"\0" * 100_000, "application/octet-stream", "application/octet-stream+gzip"),
    (NOISE, "application/octet-stream", None),
    (NOISE, None, None),
    (gzip.compress(NOISE), "application/gzip", None),
    (b"small", "text/plain", None),
    (b"", None, None),
]


@pytest.fixture(params=["plain", "isolated", "blocking"])
def face(request: pytest.FixtureRequest, make: MakeClient, broker: AnyBroker) -> Callable[..., Client]:
    """Makes clients that compress, of each kind."""

    def build(**options: Any) -> Client:
        options = {"compression": Compression(), **options}
        if request.param == "blocking":
            return AsAwaited(url=broker.url, version="5", reconnect="lan", **options)  # type: ignore[return-value]
        return make(isolated=request.param == "isolated", **options)

    return build


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_round_trip(face: Callable[..., Client], make: MakeClient, qos: QoS) -> None:
    """With the option a reader gets what was published; without it gzip, and the mark that says so."""
    async with face() as sender, face() as reader, make() as other:
        for one in (sender, reader, other):
            await one.ready(5)
        async with other.subscribe("plant/#", qos=qos) as raw, reader.subscribe("plant/#", qos=qos) as opened:
            await raw.ready(5)
            await opened.ready(5)
            for payload, content_type, marked in CASES:
                await sender.publish("plant/1", payload, qos=qos, content_type=content_type)
                came, read = await anext(raw), await anext(opened)
                assert (read.payload, read.content_type) == (payload, content_type)
                if marked is None:
                    assert (came.payload, came.content_type) == (payload, content_type)
                else:
                    assert came.content_type == marked
                    assert len(came.payload) < len(payload)
                    assert gzip.decompress(came.payload) == payload


async def test_off_by_default(make: MakeClient) -> None:
    """Without the option a large payload leaves as it is, and a marked one arrives as it is."""
    packed = gzip.compress(TEXT.encode())
    async with make() as client, client.subscribe("t") as messages:
        await messages.ready(5)
        await client.publish("t", TEXT)
        await client.publish("t", packed, content_type="text/plain+gzip")
        first, second = await anext(messages), await anext(messages)
    assert (first.payload, first.content_type) == (TEXT.encode(), None)
    assert (second.payload, second.content_type) == (packed, "text/plain+gzip")


async def test_every_way_in(face: Callable[..., Client], make: MakeClient) -> None:
    """json=, groups, threads that do not wait, and what a rule says: all of it leaves compressed."""
    rules = [Rule("ruled/#", qos=2, retain=True, expiry_s=60)]
    value = {"readings": [21.5] * 1000}
    async with face(rules=rules) as sender, face() as reader, make() as raw:
        got: list[Message] = []
        came: list[Message] = []

        @reader.on("way/#", "ruled/#", qos=2)
        async def opened(message: Message) -> None:
            got.append(message)

        @raw.on("way/#", "ruled/#", qos=2)
        async def compressed(message: Message) -> None:
            came.append(message)

        for one in (sender, reader, raw):
            await one.ready(5)
        await sender.publish("way/json", json=value)
        await sender.publish_many((f"way/{number}", TEXT) for number in range(3))
        sender.publish_nowait("way/now", TEXT)
        await sender.publish("ruled/a", TEXT)
        await eventually(lambda: len(got) == len(came) == 6)
    assert got[0].json() == value
    assert [one.text() for one in got[1:]] == [TEXT] * 5
    assert all(one.content_type is None for one in got)
    assert all((one.content_type or "").endswith("+gzip") for one in came)
    ruled = next(one for one in got if one.topic == "ruled/a")
    assert (ruled.qos, ruled.expiry_s) == (2, 60)


async def test_every_way_out(make: MakeClient) -> None:
    """Coroutines, plain functions, batches, typed payloads and captures; filters that overlap, too."""
    awaited, blocking = list[Any](), list[Any]()
    async with make(compression=Compression()) as client:

        @client.on("out/{name}")
        async def typed(name: str, payload: dict[str, Any]) -> None:
            awaited.append((name, payload))

        @client.on("out/#")
        def plain(message: Message) -> None:
            blocking.append((message.json(), message.content_type))

        await client.ready(5)
        async with client.subscribe("out/+") as messages:
            await messages.ready(5)
            value = {"text": TEXT}
            for _ in range(3):
                await client.publish("out/a", json=value, content_type="application/json")
            batch: list[Message] = []
            async for some in messages.batches(2, wait_s=0.05):
                batch += some
                if len(batch) == 3:
                    break
        await eventually(lambda: len(awaited) == len(blocking) == 3)
    assert awaited == [("a", value)] * 3
    assert blocking == [(value, "application/json")] * 3
    assert [(one.json(), one.content_type) for one in batch] == [(value, "application/json")] * 3


async def test_blocking_batches(make: MakeClient, broker: AnyBroker) -> None:
    """The same on a thread."""
    async with make(compression=Compression()) as sender:

        def read() -> list[str]:
            reader = sync.Client(broker.url, version="5", compression=Compression())
            with reader, reader.subscribe("t") as messages:
                messages.ready(5)
                sync.over(sender).publish_many([("t", TEXT)] * 3)
                got: list[str] = []
                for batch in messages.batches(3, wait_s=0.05):
                    got += [one.text() for one in batch]
                    if len(got) == 3:
                        break
                return got

        assert await asyncio.to_thread(read) == [TEXT] * 3


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_what_cannot_be_opened_costs_nothing(
    face: Callable[..., Client], make: MakeClient, qos: QoS
) -> None:
    """Nonsense, gzip cut off or followed by more, a bomb: handed over as they came, and acknowledged."""
    whole = gzip.compress(TEXT.encode())
    bomb = gzip.compress(bytes(1 << 20))
    hostile = [b"nonsense", b"", whole[:-1], whole + b"x", bomb, whole]
    async with make() as sender, face(compression=Compression(max_bytes=1 << 19)) as reader:
        got: list[Message] = []

        @reader.on("h", qos=qos)
        async def handle(message: Message) -> None:
            got.append(message)

        await sender.ready(5)
        await reader.ready(5)
        for payload in hostile:
            await sender.publish("h", payload, qos=qos, content_type="a/b+gzip")
        await eventually(lambda: len(got) == len(hostile) == reader.snapshot().handled)
        assert reader.snapshot().disconnections == {}
    assert [one.payload for one in got] == [*hostile[:-1], TEXT.encode()]
    assert [one.content_type for one in got] == ["a/b+gzip"] * 5 + ["a/b"]


async def test_a_repeat_of_an_opened_message_is_recognised(make: MakeClient, broker: AnyBroker) -> None:
    """Contract 14: it comes again while its handler runs, which is not run twice; then it is acknowledged."""
    release, got = asyncio.Event(), list[str]()
    async with make(compression=Compression()) as client:

        @client.on("t", qos=2)
        async def handle(payload: str) -> None:
            got.append(payload)
            await release.wait()

        await client.ready(5)
        receipt = await client.publish("t", TEXT, qos=2)
        await receipt.acknowledged(5)
        await eventually(lambda: got)
        await asyncio.to_thread(broker.restart)
        await eventually(lambda: client.snapshot().connections == 2, 10)
        await client.ready(5)
        release.set()
        await eventually(lambda: client.snapshot().handled == 1)
        await client.publish("t", "behind it")
        await eventually(lambda: len(got) == 2)
    assert got == [TEXT, "behind it"]
