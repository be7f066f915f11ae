"""How a thread ends a client, beside others that do the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Sequence
from types import FrameType
from typing import Any, TypeVar

from holdfast.client import Client as Awaited
from holdfast.client.publisher import Publisher
from holdfast.errors import ConfigurationError
from holdfast.sync.home import Home, call_to_the_end, check

T = TypeVar("T")


def end(
    home: Home,
    clients: Sequence[Awaited],
    stop: Callable[[], Coroutine[Any, Any, T]],
    without: Callable[[], T],
) -> T:
    """Stop these on the loop, and let go of the thread; ``without`` a loop they have ended already."""
    check(home)
    _check_publishing([client._publisher for client in clients])
    home.enter()
    try:
        books = without() if home.loop is None else call_to_the_end(home, stop)
    except BaseException as error:
        home.close(at_once=not isinstance(error, Exception))
        raise
    home.close()
    return books


def _check_publishing(publishers: Sequence[Publisher]) -> None:
    """Raise ConfigurationError within a publish of this thread, whose lock the end would wait for."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is Publisher.take.__code__ and frame.f_locals["self"] in publishers:
            raise ConfigurationError(
                "stop() in the middle of a publish of the same thread, which would wait for itself",
                hint="raise SystemExit in a handler of signal.signal: leaving `with` stops the client",
            )
        frame = frame.f_back
