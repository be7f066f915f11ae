"""A thread with an event loop of its own, which begins and ends with its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

LINGER_S = 0.05
"""How long cancelled tasks, and then the end of the thread itself, are waited for."""

LAST_TURNS = 5
"""What a TLS transport that was cut needs until all its layers have heard of it."""


class LoopThread:
    """Runs ``loop`` from ``start`` to ``stop``; a daemon: a lookup that hangs must not hold the process."""

    def __init__(
        self, name: str, last: Callable[[], Awaitable[None]], died: Callable[[BaseException | None], None]
    ) -> None:
        """``last`` is awaited on the loop at its end, however that came.

        ``died`` is told behind it, on the thread, that the loop has ended unasked, and by what.
        """
        self.loop = asyncio.new_event_loop()
        self._helpers = ThreadPoolExecutor(thread_name_prefix=f"{name} helper")
        self.loop.set_default_executor(self._helpers)
        self._last = last
        self._died = died
        self._ending = False
        self._over = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; what was scheduled on the loop before runs first."""
        self._thread.start()

    @property
    def ident(self) -> int | None:
        """The thread's identifier."""
        return self._thread.ident

    @property
    def over(self) -> bool:
        """Whether the loop has ended, so that nothing runs on it any more; in a forked child it has."""
        return self._over.is_set() or not (self._thread.ident is None or self._thread.is_alive())

    def stop(self, timeout_s: float) -> bool:
        """End the loop behind what it has to do now; waits for that, so long at most: whether it did.

        Tasks that are left are cancelled. A helper that hangs in a system call may outlive it.
        """
        if self.over:
            return True
        self.end()
        done = self._over.wait(timeout_s)
        if done:
            self._thread.join(LINGER_S)
        return done

    def end(self) -> None:
        """As ``stop``, without waiting; any thread."""
        if not self._ending:
            self._ending = True
            self._call(self.loop.stop)

    def _call(self, call: Callable[[], None]) -> None:
        try:
            self.loop.call_soon_threadsafe(call)
        except RuntimeError:  # it has ended just now
            return

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self.loop.run_forever()
        except BaseException as failure:  # sys.exit() in a callback is one
            error = failure
        try:
            self.loop.run_until_complete(self._clear())
        finally:
            self.loop.close()
            self._over.set()
        if not self._ending:
            self._died(error)
        self._helpers.shutdown(wait=True)

    async def _clear(self) -> None:
        """Nothing is left on the loop: no task, and no transport that has yet to hear of its end."""
        await self._last()
        here = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not here]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LINGER_S)
        for _ in range(LAST_TURNS):
            await asyncio.sleep(0)
        await self.loop.shutdown_asyncgens()
