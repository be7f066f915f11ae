"""How a thread ends a client, beside others that do the same."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from holdfast.sync.home import Home, call_to_the_end, check

T = TypeVar("T")


def end(home: Home, stop: Callable[[], Coroutine[Any, Any, T]], without: Callable[[], T]) -> T:
    """Stop it on the loop, and let go of the thread; ``without`` a loop it has ended already."""
    check(home)
    home.enter()
    try:
        books = without() if home.loop is None else call_to_the_end(home, stop)
    except BaseException as error:
        home.close(at_once=not isinstance(error, Exception))
        raise
    home.close()
    return books
