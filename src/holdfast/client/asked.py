"""Functions of the application that an attempt asks for a secret or a payload.

Of what they raise only class and place are told: the words may hold the secret, and events, logs and
``NotReady`` go far.
"""

from __future__ import annotations

import os
from asyncio import CancelledError, Task, current_task
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from holdfast.errors import HoldfastError

T = TypeVar("T", str, bytes | bytearray | memoryview | str, str | None)


_HOLDFAST = os.path.dirname(os.path.dirname(__file__)) + os.sep


class FunctionFailed(HoldfastError):
    """A function given to the client raised, or gave what cannot be used."""


def asked(what: str, given: T | Callable[[], T]) -> T:
    """The value, or what the function for it gives now. Raises FunctionFailed."""
    if not callable(given):
        return given
    try:
        return given()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the panic of an extension or a CancelledError would end whoever asks
        place = where(error)
    raise FunctionFailed(f"the function for {what} raised {place}")  # not in front of its error


def ends_us(error: BaseException) -> bool:
    """Whether the task that this was raised in is cancelled, and not just something that it waited for."""
    task = current_task()
    return isinstance(error, CancelledError) and task is not None and task.cancelling() > 0


def seen(task: Task[Any]) -> None:
    """Nobody may be waiting for this task any more; that is no error of the loop's."""
    if not task.cancelled():
        task.exception()


def where(error: BaseException) -> str:
    """Class and place of an error in the application's own code, without its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and _is_ours(trace):
        trace = trace.tb_next
    assert trace is not None, "it was raised"
    place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}"


def _is_ours(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(_HOLDFAST)
