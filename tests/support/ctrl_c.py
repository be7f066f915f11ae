"""Ctrl-C at every place where it can come: at the begin of a function, and behind the call of one in C."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class _Interrupting:
    def __init__(self, place: int) -> None:
        self.left = place
        self.hit = False

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event in ("call", "c_return") and "holdfast" in frame.f_code.co_filename:
            self.left -= 1
            if self.left == 0:
                self.hit = True
                sys.setprofile(None)
                raise KeyboardInterrupt


@contextmanager
def _at(place: int) -> Iterator[_Interrupting]:
    interrupting, before = _Interrupting(place), sys.getprofile()
    sys.setprofile(interrupting)
    try:
        yield interrupting
    finally:
        sys.setprofile(before)


def interrupted(place: int, work: Callable[[], object]) -> tuple[bool, KeyboardInterrupt | None]:
    """Do this, with Ctrl-C at this place of it, from 1 on; whether there was one, and what came out of it."""
    with _at(place) as interrupting:
        try:
            work()
        except KeyboardInterrupt as interrupt:
            return True, interrupt
    return interrupting.hit, None
