"""Notices a loop that does not run, and sees what keeps it: one thread for all clients, awake once a second.

    once a second    each loop is asked to answer; which takes it no time while it runs
    no answer        the thread looks at what the loop's thread is doing just now
    the answer       tells how long it took; was the watching thread kept as well, so were all of them

What keeps the GIL keeps this thread, too, so there is nothing to see then but that time has passed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from threading import Event, Lock, Thread, get_ident
from time import monotonic, process_time
from types import FrameType

from holdfast.resilience.stall import Cause, Stall

log = logging.getLogger("holdfast")

TICK_S = 1.0

STALL_S = 1.0
"""What is shorter is not told."""

STILL_S = 10.0
"""A loop that is blocked for so long is said aloud while it is: it may never come back."""

BUSY = 0.2
"""Of the time, at least, some code has used the CPU while nothing else ran: then it kept the GIL."""

RECENT_S = 5.0
"""A stall that ended so long ago may be behind what happens now."""


class Watched:
    """One loop; made on it. ``told`` hears of each stall, on the loop, when it is over."""

    def __init__(self, told: Callable[[Stall], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.ident = get_ident()
        self._told = told
        self.on_gone: Callable[[], None] = _nothing
        """Told, on the watching thread, that the loop was closed under whoever should have closed this."""
        self._asked: float | None = None
        self._where: str | None = None
        self._warned = False
        self._last: tuple[float, Stall] | None = None
        self._watch = _watch
        self._watch.begin(self)

    def close(self) -> None:
        """Watch it no more."""
        self._watch.end(self)

    def recent(self) -> Stall | None:
        """What stood still just now, or does; on the loop."""
        now = monotonic()
        asked = self._asked
        if asked is not None and now - asked >= STALL_S:
            return self._judged(asked, now)
        kept = self._watch.kept(now)
        if kept >= STALL_S:
            return Stall(kept, self._watch.cause(kept))
        stood = self._watch.stood(now - RECENT_S)
        if stood is None and self._last is not None and now - self._last[0] <= RECENT_S:
            return self._last[1]
        return stood

    # -- on the watching thread --------------------------------------------------------------

    def look(self, now: float) -> None:
        """Ask it, or see why it does not answer."""
        asked = self._asked
        if asked is None:
            self._asked = now
            self._where, self._warned = None, False
            self.loop.call_soon_threadsafe(self._answer)
        else:
            self._where = place_of(sys._current_frames().get(self.ident)) or self._where
            if now - asked >= STILL_S and not self._warned:
                self._warned = True
                log.warning("the event loop is blocked since %.0f s by %s", now - asked, self._where)

    def note(self, stall: Stall) -> None:
        """All threads stood still, this one's loop too; noticed from outside."""
        self.loop.call_soon_threadsafe(self._tell, stall)

    # -- on the loop -------------------------------------------------------------------------

    def _answer(self) -> None:
        now = monotonic()
        asked, self._asked = self._asked, None
        if asked is not None and now - asked >= STALL_S:
            self._tell(self._judged(asked, now))

    def _judged(self, asked: float, now: float) -> Stall:
        blocked = now - asked
        cause = self._watch.cause_since(asked, now, blocked)
        return Stall(blocked, cause, self._where if cause == "loop" else None)

    def _tell(self, stall: Stall) -> None:
        self._last = (monotonic(), stall)
        self._told(stall)


class Watch:
    """The thread, while there is something to watch."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watched: tuple[Watched, ...] = ()
        self._thread: Thread | None = None
        self._wake = Event()
        self._looked = 0.0
        self._cpu = 0.0
        self._stood: tuple[float, Stall] | None = None

    def begin(self, one: Watched) -> None:
        """Watch this loop."""
        with self._lock:
            self._watched = (*self._watched, one)
            if self._thread is None:
                self._wake = Event()
                self._looked, self._cpu = monotonic(), process_time()
                self._thread = Thread(
                    target=self._run, args=(self._wake,), name="holdfast watch", daemon=True
                )
                self._thread.start()

    def end(self, one: Watched) -> None:
        """Watch it no more; the last one ends the thread."""
        with self._lock:
            self._watched = tuple(other for other in self._watched if other is not one)
            thread = None
            if not self._watched:
                thread, self._thread = self._thread, None
                self._wake.set()
        if thread is not None:
            thread.join()

    def _run(self, wake: Event) -> None:
        while not wake.wait(TICK_S):
            now = monotonic()
            kept = self.kept(now)
            stall = Stall(kept, self.cause(kept)) if kept >= STALL_S else None
            if stall is not None:
                self._stood = (now, stall)
            self._looked, self._cpu = now, process_time()
            gone = [one for one in self._watched if self._is_gone(one, now, stall)]
            if gone and self._forget():
                return

    def _is_gone(self, one: Watched, now: float, stall: Stall | None) -> bool:
        """Look at it, unless its loop was closed under the client."""
        try:
            if stall is not None and one._asked is None:
                one.note(stall)
            one.look(now)
        except RuntimeError:
            return True
        return one.loop.is_closed()

    def _forget(self) -> bool:
        """Leave out loops that are closed; whether none is left, and the thread has ended."""
        gone = [one for one in self._watched if one.loop.is_closed()]
        with self._lock:
            self._watched = tuple(one for one in self._watched if one not in gone)
            over = not self._watched
            if over:
                self._thread = None
        for one in gone:
            one.on_gone()
        return over

    # -- what it knows, from any thread ------------------------------------------------------

    def kept(self, now: float) -> float:
        """How long this thread has been kept from looking."""
        return now - self._looked - TICK_S

    def cause(self, kept: float) -> Cause:
        """Whether somebody has used the CPU meanwhile."""
        return "gil" if process_time() - self._cpu >= kept * BUSY else "process"

    def cause_since(self, since: float, now: float, blocked: float) -> Cause:
        """Why a loop did not run from then until now."""
        if self.kept(now) >= blocked / 2:
            return self.cause(self.kept(now))
        stood = self.stood(since)
        return "loop" if stood is None or stood.blocked_s < blocked / 2 else stood.cause

    def stood(self, since: float) -> Stall | None:
        """When all threads stood still last, if that was not over by then."""
        return self._stood[1] if self._stood is not None and self._stood[0] > since else None


_LIBRARY = os.path.dirname(os.__file__)
_ASYNCIO = os.path.dirname(asyncio.__file__)
_OURS = os.path.dirname(os.path.dirname(__file__))

_TURNING = frozenset({"_run_once", "run_forever", "run_until_complete", "run"})
"""The functions of an event loop under which all that it calls is run."""


def place_of(frame: FrameType | None) -> str | None:
    """What the loop has called: the innermost code of the program; else of a package, or ours; else None.

    Whoever has started the loop is not what keeps it: seen just after a stall, it would be blamed.
    """
    package = None
    while frame is not None and not _turns(frame):
        path = frame.f_code.co_filename
        if path.startswith(_OURS) or "-packages" in path:
            package = package or _described(frame)
        elif not path.startswith((_LIBRARY, "<frozen")):
            return _described(frame)
        frame = frame.f_back
    return package


def _turns(frame: FrameType) -> bool:
    return frame.f_code.co_name in _TURNING and frame.f_code.co_filename.startswith(_ASYNCIO)


def _described(frame: FrameType) -> str:
    return f"{frame.f_code.co_name} ({os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno})"


def _nothing() -> None:
    """Nobody minds."""


_watch = Watch()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watch.__init__)  # type: ignore[misc]  # the thread is the parent's
