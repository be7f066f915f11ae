"""The order in which a client ends (contract 24).

until 60 % of the time   no more messages to handlers; those in hand finish
until 90 %               what is on its way into the file is there; acknowledgements and what is pending leave
until 95 %               the offline notice is acknowledged, where there is one
then                     DISCONNECT, and the link is closed
"""

from __future__ import annotations

import asyncio

from holdfast.client.core import Core
from holdfast.client.dispatcher import not_yet
from holdfast.client.lifecycle import Step

HANDLERS = 0.6
FLUSH = 0.9
FAREWELL = 0.95


async def shut_down(core: Core, drain_s: float) -> None:
    """End a run within ``drain_s`` seconds. Cancelled, it ends at once."""
    began = core.loop.time()

    def left(share: float) -> float:
        return max(0.0, began + drain_s * share - core.loop.time())

    core.state.draining, core.state.ends_at = True, began + drain_s
    core.gathering.hand_over()  # called before this
    core.publisher.close("the client is stopping")
    core.engine.wake()  # for what another thread handed over just before
    core.dispatcher.on_unclaimed = not_yet  # who has left already may be there again in the next run
    core.state.move(Step.STOP)
    await _finish_handlers(core, left(HANDLERS))
    if core.consumers.parking is not None:
        await core.consumers.parking.end(left(FLUSH))
    await core.state.changed.wait_until(lambda: _flushed(core), left(FLUSH))
    will = core.setup.will
    if will is not None and will.birth is not None and core.connected:
        await core.keeper.farewell(left(FAREWELL))
    await _disconnect(core, left(1.0))


def _flushed(core: Core) -> bool:
    """Nothing is left to be sent, nobody is there to send it, or it is safe and can wait."""
    safe = not core.outbox.at_risk and not core.connected
    waiting = core.outbox.pending - core.outbox.parked
    return not waiting or core.keeper.over or safe


async def _finish_handlers(core: Core, timeout_s: float) -> None:
    """Messages in hand finish; loops over subscriptions end when they ask for the next."""
    here = asyncio.current_task()  # a handler that stops the client is not waited for by itself
    workers = [one for one in core.consumers.workers() if not one.runs_in(here)]
    for worker in core.consumers.workers():
        worker.consumer.inbox.close()
    await core.state.changed.wait_until(lambda: not any(one.in_hand for one in workers), timeout_s)


async def _disconnect(core: Core, timeout_s: float) -> None:
    if not core.connected:
        return
    # A role that grew to a subscriber since CONNECT asks for the longer expiry now (contract 2).
    asked = core.setup.expiry_s(bool(core.intents))
    terms = core.state.terms
    later = terms is not None and terms.version == 5 and 0 < terms.session_expiry_s != asked
    await core.keeper.disconnect(asked if later else None, timeout_s)
