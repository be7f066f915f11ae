"""The connection a command was asked for, and the news of it in sentences."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Any

from holdfast.cli.render import Screen
from holdfast.cli.settings.build import keywords
from holdfast.cli.settings.environment import from_environment
from holdfast.cli.settings.keys import KEYS, SHORT, setting
from holdfast.cli.settings.setting import TYPED, Setting, Settings, blamed, origin_of
from holdfast.client import Client, Event


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkOptions:
    """The flags of every command that dials, those that were typed; the names are those of ``Client``.

    ``said``: what a file and the environment say beside them, each overruled by its flag; None: what the
    environment says of the URL, and nothing else. What is exported for a service must not make a command
    beside it take over the client id of that service.
    """

    url: str | None = None
    client_id: str | None = None
    username: str | None = None
    password_file: str | None = None
    proxy: str | None = None
    version: str | None = None
    keepalive_s: float | None = None
    tls_ca_file: str | None = None
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    tls_server_name: str | None = None
    reconnect_max_attempts: int | None = None
    outbox: str | None = None
    said: Settings | None = field(default=None, repr=False)

    def settings(self) -> dict[str, Setting]:
        """All that was said, checked one by one. Raises ConfigurationError, SettingsError."""
        said = from_environment(os.environ, ("url",)) if self.said is None else self.said
        typed = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "said"}
        keys = {_key(name): value for name, value in typed.items() if value is not None}
        return {**said, **{key: setting(key, value, TYPED) for key, value in keys.items()}}

    def client(self, **more: Any) -> Client:
        """A client of this, not started; ``more`` wins. Raises ConfigurationError, SettingsError."""
        settings = self.settings()
        built = {**keywords(settings), **more}
        with blamed(origin_of(settings)):
            return Client(**built)


def _key(name: str) -> str:
    """A flag is named like its key, but that the dot of a group is an underscore."""
    name = SHORT.get(name, name)
    return name if name in KEYS else name.replace("_", ".", 1)


# What is worth a person's attention, and how it looks.
_STYLES = {
    "connected": "green",
    "disconnected": "yellow",
    "connect_failed": "yellow",
    "session_lost": "bold red",
    "subscribed": "",
    "subscription_refused": "bold red",
    "message_skipped": "red",
    "dropped": "red",
    "unclaimed": "red",
    "left_over": "bold red",
}

FAILURES = frozenset({"disconnected", "connect_failed"})


@asynccontextmanager
async def news(client: Client, screen: Screen, names: Collection[str] = _STYLES) -> AsyncIterator[None]:
    """While this is entered, these events are said; the same sentence only once in a row."""
    task = asyncio.create_task(_tell(client.events(), screen, names), name="news")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _tell(events: AsyncIterator[Event], screen: Screen, names: Collection[str]) -> None:
    last = ""
    async for event in events:
        if event.name in names and event.message != last:
            screen.talk(event.message, _STYLES[event.name])
            last = event.message


def quiet() -> None:
    """The sentences above are all a person needs; the library's log goes nowhere."""
    logging.getLogger("holdfast").addHandler(logging.NullHandler())
