"""Clients and brokers that know each other by SCRAM."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from holdfast import Authenticator, Client, Reconnect
from holdfast.testing import Broker, Examiner
from tests.support.scram import Scram, ScramServer

QUICK = Reconnect(first_delay_s=0.01, max_delay_s=0.05, attempt_timeout_s=0.5)


def client_of(broker: Broker, make: Callable[[], Authenticator] = Scram, **options: Any) -> Client:
    """A client with a kept session, quick to come back."""
    given = {"client_id": "c", "reconnect": QUICK, "drain_s": 1, "authentication": make, **options}
    return Client(broker.url, **given)


def authenticating(make: Callable[[], Examiner] = ScramServer) -> Broker:
    """A strict broker that lets nobody in without SCRAM."""
    return Broker(strict=True, authentication=make)


class Late(Scram):
    """The same, as coroutine functions that take their time."""

    async def start(self) -> bytes:  # type: ignore[override]
        await asyncio.sleep(0.01)
        return super().start()

    async def challenge(self, data: bytes) -> bytes:  # type: ignore[override]
        await asyncio.sleep(0.01)
        return super().challenge(data)

    async def finish(self, data: bytes) -> None:  # type: ignore[override]
        await asyncio.sleep(0.01)
        super().finish(data)
