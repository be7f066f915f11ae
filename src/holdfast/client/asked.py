"""Functions of the application that an attempt asks for a secret or a payload.

Of what they raise only class and place are told: the words may hold the secret, and events, logs and
``NotReady`` go far.
"""

from __future__ import annotations

import os
from asyncio import CancelledError
from collections.abc import Callable
from typing import TypeVar

from holdfast.errors import HoldfastError

T = TypeVar("T", str, bytes | bytearray | memoryview | str, str | None)


class FunctionFailed(HoldfastError):
    """A function given to the client raised, or gave what cannot be used."""


def asked(what: str, given: T | Callable[[], T]) -> T:
    """The value, or what the function for it gives now. Raises FunctionFailed."""
    if not callable(given):
        return given
    try:
        return given()
    except (Exception, CancelledError) as error:  # the latter would end whoever asks
        raise FunctionFailed(f"the function for {what} raised {where(error)}") from None


def where(error: BaseException) -> str:
    """Class and place of an error, without its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None, "it was raised"
    place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}"
