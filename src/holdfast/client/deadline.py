"""A handler's own deadline: a run that takes longer is ended, and counts as an attempt."""

from __future__ import annotations

import asyncio

from holdfast.handling import Call, Retry
from holdfast.messages import Message


def within(call: Call, timeout_s: float) -> Call:
    """This call, ended after so long."""

    async def timed(message: Message) -> None:
        try:
            async with asyncio.timeout(timeout_s) as limit:
                await call(message)
        except TimeoutError as error:
            if limit.expired():  # else it is one of the handler's own, which may be one to retry for ever
                raise Retry(f"the handler took longer than timeout_s={timeout_s:g}") from error
            raise

    return timed
