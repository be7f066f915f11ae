"""The connection a command was asked for, and the news of it in sentences."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from holdfast.cli.failures import SettingsError
from holdfast.cli.render import Screen
from holdfast.client import Client, Event
from holdfast.errors import ConfigurationError
from holdfast.resilience import PRESETS, Reconnect
from holdfast.transport import TLS, parse_url

DEFAULT_URL = "mqtt://localhost"
VARIABLE = "HOLDFAST_URL"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkOptions:
    """The flags of every command that dials; the names are those of ``Client``."""

    url: str = DEFAULT_URL
    from_environment: bool = False
    client_id: str | None = None
    username: str | None = None
    password_file: str | None = None
    proxy: str | None = None
    version: Literal["5", "3.1.1"] | None = None
    keepalive_s: float = 60
    tls_ca_file: str | None = None
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    tls_server_name: str | None = None
    reconnect_max_attempts: int | None = None

    def check(self) -> None:
        """Raises ConfigurationError for a wrong URL, SettingsError if the environment has it."""
        try:
            parse_url(self.url)
        except ConfigurationError as error:
            if self.from_environment:
                raise SettingsError(f"{VARIABLE}: {error}", hint=error.hint) from error
            raise

    def client(self, **more: Any) -> Client:
        """A client with these options; not started. Raises ConfigurationError."""
        self.check()
        keywords = {
            "client_id": self.client_id,
            "username": self.username,
            "password_file": self.password_file,
            "proxy": self.proxy,
            "version": self.version,
            "keepalive_s": self.keepalive_s,
            "tls": self._tls(),
            "reconnect": self._reconnect(),
        }
        return Client(self.url, **{**keywords, **more})

    def _tls(self) -> TLS | None:
        given = (self.tls_ca_file, self.tls_cert_file, self.tls_key_file, self.tls_server_name)
        if not any(given):
            return None
        return TLS(
            ca_file=self.tls_ca_file,
            cert_file=self.tls_cert_file,
            key_file=self.tls_key_file,
            server_name=self.tls_server_name,
        )

    def _reconnect(self) -> Reconnect | Literal["wan"]:
        if self.reconnect_max_attempts is None:
            return "wan"
        wan = PRESETS["wan"]
        return Reconnect(
            first_delay_s=wan.first_delay_s,
            max_delay_s=wan.max_delay_s,
            max_attempts=self.reconnect_max_attempts,
        )


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
