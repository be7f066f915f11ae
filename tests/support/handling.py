"""Handlers that are to fail, and what the broker still has of their messages."""

from __future__ import annotations

from holdfast import Retries
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient

SOON = Retries(1_000_000, first_delay_s=0.02, max_delay_s=0.02)
"""Tried again and again: how it ends is the test's business."""


async def left_in_session(make: MakeClient, client_id: str, filter: str) -> list[str]:
    """What the broker's session still holds for this client, which is not connected."""
    got: list[str] = []
    async with make(client_id=client_id) as client:

        @client.on(filter, "end of it", qos=2)
        async def handle(payload: str) -> None:
            got.append(payload)

        await client.ready(5)
        await client.publish("end of it", "", qos=2)  # comes behind what waits
        await eventually(lambda: "" in got)
    return got[:-1]
