"""``--retire``: a subscription and its session come to an end, and nothing that was for us is left behind.

    UNSUBSCRIBE            nothing new comes
    read on                what the session holds comes, is stored and acknowledged
    quiet for a while      and a question answered behind it: there is no more
    nothing in the file    what an earlier process has spooled there is stored as well
    a clean session        takes the place of the kept one, and ends with its connection

The broker must hand over what it had queued before UNSUBSCRIBE, which the standard allows it not to do
(MQTT 5 §3.10.4); mosquitto does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager

from holdfast.cli.link import LinkOptions
from holdfast.client import Client, Event
from holdfast.client.events import Subscribed
from holdfast.errors import OutboxLocked
from holdfast.ingest import IngestLedger, Together
from holdfast.outbox.lock import OwnerLock
from holdfast.outbox.sqlite import SqliteOutbox

QUIET_S = 2.0
"""So long nothing has come, and there is no more."""


async def read_to_the_end(client: Client, service: Together) -> None:
    """Beside ``service.run()``: give its filters up, wait until nothing more comes, stop it."""
    filters = {filter for one in service.ingests for filter in one.filters}
    await _granted(client.events(), set(filters))
    await client.unsubscribe(*filters)
    while not (await _is_quiet(client, service, filters) and _settled(service.ledger) and not service.kept):
        pass
    await service.stop()


async def _is_quiet(client: Client, service: Together, filters: Collection[str]) -> bool:
    """Whether all that came is acknowledged and released, and nothing more comes of it."""
    before, releasing = client.snapshot(), service.releasing
    await asyncio.sleep(QUIET_S)
    # Answered: the broker has had those acknowledgements, and what it had sent before is here.
    await client.unsubscribe(*filters)
    if releasing or service.releasing:
        return False  # that is why nothing came: a broker that waits for PUBCOMP has a window, and it is full
    return before.received <= before.handled and client.snapshot().received == before.received


def _settled(ledger: IngestLedger) -> bool:
    return ledger.received == ledger.stored + ledger.repeated + ledger.quarantined


async def _granted(events: AsyncIterator[Event], missing: set[str]) -> None:
    """Wait for the service's own subscriptions: given up before they are made, they would stay."""
    async for event in events:
        if isinstance(event, Subscribed):
            missing.discard(event.filter)
        if not missing:
            return


async def end_session(link: LinkOptions, client: Client, wish: asyncio.Event) -> str | None:
    """After ``read_to_the_end``: the broker forgets this client; else why not, in a sentence."""
    seen = client.snapshot()
    if wish.is_set() or seen.received > seen.handled:
        return "stopped before the session was empty: it is kept"
    if seen.held:
        return (
            f"{seen.held} messages in the outbox file are for somebody else (holdfast outbox list): "
            "the session is kept"
        )
    try:
        with _owned(client):
            await _connect_clean(
                link.client(client_id=client.client_id, session_expiry_s=0, outbox=None), wish
            )
    except OutboxLocked as error:
        return f"{error}, and so is the session: it is kept"
    return "stopped before the session was ended: it is kept" if wish.is_set() else None


@contextmanager
def _owned(client: Client) -> Iterator[None]:
    """Nobody takes the file that this client has let go of, and with it the session. Raises OutboxError."""
    lock = OwnerLock(client._outbox.path) if isinstance(client._outbox, SqliteOutbox) else None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


async def _connect_clean(client: Client, wish: asyncio.Event) -> None:
    """Once, unless somebody wishes for an end before."""
    async with client:
        ends = {asyncio.create_task(client.ready()), asyncio.create_task(wish.wait())}
        done, others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        for one in done:
            one.result()
