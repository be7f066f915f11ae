"""Work that one loop asks another for, and waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from holdfast.client.mailbox import Mailbox
from holdfast.errors import Stopped

Work = Callable[[], Coroutine[Any, Any, None]]


class Asking:
    """Who waits here for what is done there; no wait outlives the other side."""

    def __init__(self, here: Mailbox, there: Mailbox, ended: str) -> None:
        """``ended``: the words for that the other side is gone."""
        self._here = here
        self._there = there
        self._ended = ended
        self._answers: set[asyncio.Future[None]] = set()

    async def ask(self, work: Work) -> None:
        """Do this over there; what was posted here until it was done has arrived when this returns.

        Raises what the work raises, and Stopped. Cancelled, the work goes on.
        """
        answer: asyncio.Future[None] = self._here.loop.create_future()
        self._answers.add(answer)
        self._there.post(self._do, work, answer)
        try:
            await answer
        finally:
            self._answers.discard(answer)

    def _do(self, work: Work, answer: asyncio.Future[None]) -> None:
        async def working() -> None:
            await work()

        task = asyncio.get_running_loop().create_task(working())
        task.add_done_callback(lambda done: self._here.post(self._answer, answer, done))

    def _answer(self, answer: asyncio.Future[None], done: asyncio.Task[None]) -> None:
        error = Stopped(self._ended) if done.cancelled() else done.exception()
        if answer.done():
            return
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)

    def fail(self) -> None:
        """The other side is gone: nobody is answered any more."""
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(Stopped(self._ended))
