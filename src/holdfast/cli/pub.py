"""``holdfast pub``: one message, and the broker's word for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from holdfast.cli.failures import Code, spoken, with_hint
from holdfast.cli.link import FAILURES, LinkOptions, news
from holdfast.cli.render import Screen
from holdfast.cli.words import count, short
from holdfast.client import Client, Receipt
from holdfast.errors import PublishFailed, Timeout, Undelivered
from holdfast.messages import QoS
from holdfast.topics import validate_topic


@dataclass(frozen=True, kw_only=True, slots=True)
class PubOptions:
    """What to publish, and how long to try."""

    topic: str
    payload: bytes
    qos: QoS = 1
    retain: bool = False
    expiry_s: float | None = None
    content_type: str | None = None
    outbox: str | None = None

    timeout_s: float = 30


async def pub(link: LinkOptions, options: PubOptions, screen: Screen) -> int:
    """0: the broker acknowledged it, or an outbox file keeps it; 69: it did not in time; 1: it refused."""
    validate_topic(options.topic)
    client = link.client(outbox=options.outbox)
    await client.start()
    try:
        async with news(client, screen, FAILURES if screen.moves else ()):
            took_s = await (_kept if options.outbox else _acknowledged)(client, options)
    except (Timeout, PublishFailed) as error:
        return _failed(client, options, error, screen)
    finally:
        with suppress(Undelivered):  # said above, in the caller's words
            await client.stop()
    if took_s is None:
        return _waits(client, options, screen)
    verb = "acknowledged" if options.qos else "sent"
    record = {"topic": options.topic, verb: True, "took_ms": round(took_s * 1000, 3)}
    screen.result(record, f"{verb} in {short(took_s)}", "green")
    return Code.DONE


async def _kept(client: Client, options: PubOptions) -> float | None:
    """Accepted first, whatever the broker does; None where that is all there was time for."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    receipt = await _publish(client, options)
    try:
        await receipt.acknowledged(options.timeout_s)
    except Timeout:
        return None
    return loop.time() - began


def _waits(client: Client, options: PubOptions, screen: Screen) -> int:
    """It is on disk: that is what was asked for."""
    waiting = client.snapshot().ledger.pending
    why = client.snapshot().hint or "connected, and the broker kept silent about this message"
    record = {"topic": options.topic, "accepted": True, "acknowledged": False, "waiting": waiting}
    where = f"accepted: {count(waiting)} wait in {options.outbox} for the next run"
    screen.result(record, with_hint(f"{where}; {why}", None), "yellow")
    return Code.DONE


async def _acknowledged(client: Client, options: PubOptions) -> float:
    """How long the broker took, once there was a connection."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + options.timeout_s
    await client.ready(options.timeout_s)
    began = loop.time()
    receipt = await _publish(client, options)
    await receipt.acknowledged(max(0.0, deadline - began))
    return loop.time() - began


async def _publish(client: Client, options: PubOptions) -> Receipt:
    return await client.publish(
        options.topic,
        options.payload,
        qos=options.qos,
        retain=options.retain,
        expiry_s=options.expiry_s,
        content_type=options.content_type,
    )


def _failed(client: Client, options: PubOptions, error: Timeout | PublishFailed, screen: Screen) -> int:
    if isinstance(error, PublishFailed):
        sentence, code = spoken(error), Code.FAILED
    else:
        why = client.snapshot().hint or "connected, and the broker kept silent about this message"
        sentence, code = (
            with_hint(f"not acknowledged in {options.timeout_s:g} s: {why}", None),
            Code.UNAVAILABLE,
        )
    if screen.as_json:
        screen.record({"topic": options.topic, "acknowledged": False, "error": sentence})
    screen.fail(sentence)
    return code
