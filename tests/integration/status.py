"""A status topic, a client that speaks of itself on it, and somebody who looks at it."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import Client, Will
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient

STATUS = "status/gateway"

isolated_or_not = pytest.mark.parametrize("isolated", [False, True], ids=["one loop", "isolated"])


class Watcher:
    """Somebody who looks at the status topic: what it says first, and every change."""

    def __init__(self, make: MakeClient) -> None:
        self.heard: list[str] = []
        self.client = make(client_id=None)

        @self.client.on(STATUS)
        async def heard(payload: str) -> None:
            self.heard.append(payload)

    async def __aenter__(self) -> Watcher:
        await self.client.start()
        await self.client.ready(5)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.stop()

    async def says(self, *words: str, within_s: float = 5) -> None:
        """The whole story, in order."""
        await eventually(lambda: self.heard == list(words), within_s)

    async def said_no_more(self, *words: str) -> None:
        """Nor does it go on: what is published now is the next that comes."""
        await self.client.publish(STATUS, "end of story")
        await self.says(*words, "end of story")


async def stands(make: MakeClient, word: str) -> None:
    """Who comes later hears this first."""
    async with Watcher(make) as late:
        await late.says(word)


def gateway(make: MakeClient, **options: Any) -> Client:
    """A client that is born and dies on its status topic."""
    return make(**{"client_id": "gateway", "will": Will(STATUS, "offline", birth="online"), **options})
