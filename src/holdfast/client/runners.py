"""Who runs a handler: on tasks or threads, one message after the other or several at once.

Modules are loaded for those who want what is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdfast.client.dispatcher import Dispatcher
from holdfast.client.endings import Endings
from holdfast.client.handlers import HandlerTask, HandlerTasks
from holdfast.client.mailbox import Mailbox
from holdfast.handling import Handler

if TYPE_CHECKING:
    from holdfast.client.decompressing import Decompressing
    from holdfast.client.handler_thread import HandlerThreads
    from holdfast.client.remembered import Memory


def endings_of(
    handler: Handler,
    usual: Endings,
    dispatcher: Dispatcher,
    decompressing: Decompressing | None,
    memory_of: Callable[[Handler], Memory],
) -> Endings:
    """What this handler tells how its runs end: the usual, or what knows repeats."""
    if not handler.dedupe:
        return usual
    from holdfast.client.repeats import Deduping  # for those who want it

    opening = None if decompressing is None else decompressing.open
    deduping = Deduping(handler, dispatcher, usual.state, opening, memory_of(handler))
    deduping.store, deduping.given_up = usual.store, usual.given_up
    return deduping


def make_runner(
    handler: Handler, qos0_limit: int, endings: Endings, ended: Callable[[Any], None], here: Mailbox
) -> HandlerTasks | HandlerThreads:
    """The runner of this handler; ``ended`` is told when it takes no more."""
    side_by_side = handler.keys or handler.work.concurrency > 1
    if handler.threaded and side_by_side:
        from holdfast.client.thread_crew import ThreadCrew

        return ThreadCrew(handler, qos0_limit, endings, ended, here)
    if handler.threaded:
        from holdfast.client.handler_thread import HandlerThread

        return HandlerThread(handler, qos0_limit, endings, ended, here)
    if side_by_side:
        from holdfast.client.crew import Crew

        return Crew(handler, qos0_limit, endings, ended)
    return HandlerTask(handler, qos0_limit, endings, ended)
