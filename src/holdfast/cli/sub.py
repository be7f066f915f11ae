"""``holdfast sub``: messages as lines, each acknowledged when its line is flushed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from holdfast.cli.failures import Code
from holdfast.cli.link import LinkOptions, news
from holdfast.cli.render import Screen, to_json, write_lines
from holdfast.cli.running import stop_wish
from holdfast.cli.words import printable
from holdfast.client import Client
from holdfast.ingest.row import timestamp
from holdfast.messages import Message, QoS


@dataclass(frozen=True, kw_only=True, slots=True)
class SubOptions:
    """What to listen to."""

    filters: tuple[str, ...]
    qos: QoS = 1
    share: str | None = None


LINES = 500
"""Messages written and acknowledged together, at most."""


async def sub(link: LinkOptions, options: SubOptions, screen: Screen) -> int:
    """Until SIGINT, SIGTERM, or until nobody reads the lines any more."""
    client = link.client()
    form: Callable[[Message], str] = as_json if screen.as_json else as_text
    subscription = client.subscribe(*options.filters, qos=options.qos, share=options.share)
    async with stop_wish() as wish, news(client, screen), client:
        stopping = asyncio.create_task(_stop(wish, client))
        try:
            async with subscription as messages:
                async for batch in messages.batches(LINES, wait_s=0):
                    # On a thread: a reader that is slow must slow the broker, not our keepalive.
                    await asyncio.to_thread(write_lines, [form(message) for message in batch])
        finally:
            stopping.cancel()
    return Code.DONE


async def _stop(wish: asyncio.Event, client: Client) -> None:
    await wish.wait()
    await client.stop()


def as_text(message: Message) -> str:
    """``topic payload``, what cannot be shown escaped, so that a message is one line."""
    payload = message.payload.decode(errors="backslashreplace")
    return f"{message.topic} {printable(payload)}"


def as_json(message: Message) -> str:
    """One object; a payload that is not UTF-8 is ``payload_base64`` (RFC 4648)."""
    record: dict[str, Any] = {"topic": message.topic}
    try:
        record["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        record["payload_base64"] = base64.b64encode(message.payload).decode()
    record |= {"qos": message.qos, "retain": message.retain, "received": timestamp(message.received_at)}
    if message.captures:
        record["captures"] = dict(message.captures)
    if message.user_properties:
        record["user_properties"] = [list(pair) for pair in message.user_properties]
    return to_json(record)
