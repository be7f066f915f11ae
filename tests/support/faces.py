"""A blocking client behind the face of the asyncio one, so that one suite is run through both.

Each blocking call is made on a thread of its own; a handler that is a coroutine function is run on the
test's loop while the client's thread waits for it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any

from holdfast import sync
from holdfast.messages import Message

AWAITED = frozenset({"start", "stop", "ready", "flush", "publish", "publish_many", "unsubscribe"})
LIMIT_S = 10


class AsAwaited:
    """``holdfast.Client`` as far as the suites use it."""

    def __init__(self, **options: Any) -> None:
        self._client = sync.Client(**options)

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._client, name)
        if name not in AWAITED:
            return given

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            result = await asyncio.to_thread(given, *args, **kwargs)
            return _Receipt(result) if isinstance(result, sync.Receipt) else result

        return awaited

    async def __aenter__(self) -> AsAwaited:
        await asyncio.to_thread(self._client.__enter__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._client.__exit__, kind, error, trace)

    def on(self, *filters: str, **options: Any) -> Callable[[Any], Any]:
        """The handler on the loop of the test."""
        loop, register = asyncio.get_running_loop(), self._client.on(*filters, **options)

        def registered(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def plain(*args: Any, **kwargs: Any) -> Any:
                return asyncio.run_coroutine_threadsafe(function(*args, **kwargs), loop).result(LIMIT_S)

            register(plain)
            return function

        return registered

    def subscribe(self, *filters: str, **options: Any) -> _Subscription:
        return _Subscription(self._client.subscribe(*filters, **options))


class _Receipt:
    def __init__(self, receipt: sync.Receipt) -> None:
        self._receipt = receipt

    @property
    def state(self) -> str:
        return self._receipt.state

    async def acknowledged(self, timeout_s: float | None = None) -> None:
        await asyncio.to_thread(self._receipt.acknowledged, timeout_s)


class _Subscription:
    def __init__(self, subscription: sync.Subscription) -> None:
        self._subscription = subscription

    async def __aenter__(self) -> _Subscription:
        await asyncio.to_thread(self._subscription.__enter__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._subscription.__exit__, kind, error, trace)

    async def ready(self, timeout_s: float | None = None) -> int:
        return await asyncio.to_thread(self._subscription.ready, timeout_s)

    def __aiter__(self) -> _Subscription:
        return self

    async def __anext__(self) -> Message:
        message = await asyncio.to_thread(next, self._subscription, None)
        if message is None:
            raise StopAsyncIteration
        return message
