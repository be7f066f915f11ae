"""Runs the application's authenticator, one step at a time, beside everything else that flows.

    attempt          start() ─▶ CONNECT … challenge() ─▶ AUTH … finish() ─▶ the connection opens
    reauthenticate   start() ─▶ AUTH    … challenge() ─▶ AUTH … finish() ─▶ it returns

Steps run as tasks, so that one which never ends, or swallows its cancellation, holds up nothing.
An attempt has its own time limit; a re-authentication has the same one, and as the standard leaves
nothing but closing when it fails [MQTT-4.12.1-2], the connection ends with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from holdfast import reasons
from holdfast.client.asked import ends_us, seen, where
from holdfast.client.authenticator import Authenticator
from holdfast.client.connection import Connection
from holdfast.client.engine import Engine
from holdfast.client.waiting import check_time
from holdfast.codec.wire import MAX_LENGTH, write_text
from holdfast.errors import AuthenticationFailed, Timeout
from holdfast.handling import ENDINGS
from holdfast.protocol import Challenge, ConnectRequest
from holdfast.values import replace

Make = Callable[[], Authenticator]

RENEWED = "The next connection authenticates anew by itself."


class Authenticating:
    """The exchanges of one run, of which one goes on at a time; without ``make`` there are none."""

    def __init__(self, engine: Engine, make: Make | None, limit_s: float) -> None:
        """``limit_s``: how long a re-authentication may take."""
        self._engine = engine
        self._make = make
        self._limit_s = limit_s
        self._authenticator = Authenticator()
        self._method = ""
        self._running = ""
        self._step: asyncio.Task[Any] | None = None
        self._again: asyncio.Task[None] | None = None
        self._done: asyncio.Future[None] | None = None
        self._lost = AuthenticationFailed("not connected", hint=RENEWED)

    # -- an attempt --------------------------------------------------------------------------

    async def begin(self, request: ConnectRequest) -> ConnectRequest:
        """What CONNECT asks for, with a fresh exchange begun. Raises AuthenticationFailed."""
        if self._make is None:
            return request
        self._method, data = await self._start(self._make)
        return replace(request, authentication_method=self._method, authentication_data=data)

    async def _start(self, make: Make) -> tuple[str, bytes | None]:
        self._step = step = asyncio.get_running_loop().create_task(self._fresh(make))
        try:
            return await asyncio.shield(step)
        finally:
            step.cancel()

    async def _fresh(self, make: Make) -> tuple[str, bytes | None]:
        self._authenticator = authenticator = await self._run("authentication", lambda: make)
        method = authenticator.method
        if not method:
            raise AuthenticationFailed(f"{type(authenticator).__name__} names no method")
        write_text(method, "authentication method")
        return method, _checked("start", await self._run("start", lambda: authenticator.start))

    def challenged(self, challenge: Challenge) -> None:
        """The broker wants an answer, or has given its proof."""
        self._step = asyncio.get_running_loop().create_task(self._answer(challenge))

    async def _answer(self, challenge: Challenge) -> None:
        name = "finish" if challenge.final else "challenge"
        authenticator = self._authenticator
        try:
            given = await self._run(name, lambda: getattr(authenticator, name), challenge.data or b"")
            data = _checked(name, given)
        except AuthenticationFailed as error:
            sentence = str(error)
            self._engine.authenticate(lambda session, now: session.reject(challenge, sentence, now))
        else:
            self._engine.authenticate(lambda session, now: session.answer(challenge, data, now))

    async def _run(self, name: str, find: Callable[[], Callable[..., Any]], *data: bytes) -> Any:
        """One step; a cancelled one goes on being named as the one that took too long."""
        self._running, failed = name, None
        try:
            result = find()(*data)
            if isawaitable(result):
                result = await result
        except ENDINGS:
            raise
        except BaseException as error:  # a CancelledError would end whoever dials, as would a panic
            if ends_us(error):
                raise
            failed = AuthenticationFailed(f"our authenticator's {name}() raised {where(error)}")
        self._running = ""
        if failed is not None:  # raised out here, or it would carry the other's words as its context
            raise failed
        return result

    def overdue(self) -> AuthenticationFailed | None:
        """The step that is not done although time is up."""
        if not self._running:
            return None
        return AuthenticationFailed(f"our authenticator's {self._running}() was not done in time")

    def end(self, connection: Connection) -> None:
        """The connection has ended: no step goes on, and a re-authentication has failed."""
        closed = connection.closed
        self._lost = AuthenticationFailed("the link was lost meanwhile", hint=RENEWED)
        if closed is not None and closed.by_us:
            self._lost = AuthenticationFailed(closed.detail, hint=RENEWED)
        elif closed is not None:
            name = f"the broker ended the connection: {reasons.name(closed.reason, 'DISCONNECT')}"
            sentence = f"{name} ({closed.detail})" if closed.detail else name
            self._lost = AuthenticationFailed(sentence, code=closed.reason, hint=RENEWED)
        for task in (self._step, self._again):
            if task is not None:
                task.cancel()
        self._running = ""

    # -- again -------------------------------------------------------------------------------

    async def again(self, timeout_s: float | None) -> None:
        """Authenticate on the live connection once more, or wait for who is at it already.

        Raises AuthenticationFailed, TooLarge, Timeout.
        """
        check_time(timeout_s)
        if self._again is None or self._again.done():
            self._again = asyncio.get_running_loop().create_task(self._reauthenticate())
            self._again.add_done_callback(seen)
        exchange = self._again
        await asyncio.wait([exchange], timeout=timeout_s)
        if not exchange.done():
            raise Timeout(f"not authenticated again in {timeout_s} s")
        if exchange.cancelled():  # by ``end``
            raise self._lost
        exchange.result()

    async def _reauthenticate(self) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                await self._exchange()
        except TimeoutError:
            late = self.overdue() or AuthenticationFailed(f"the broker gave no answer in {self._limit_s:g} s")
            sentence = str(late)
            self._engine.authenticate(lambda session, now: session.reject(None, sentence, now))
            raise late from None

    async def _exchange(self) -> None:
        assert self._make is not None, "the client has refused by itself"
        method, data = await self._start(self._make)
        if method != self._method:
            raise AuthenticationFailed("the method of a connection cannot change", hint=RENEWED)
        self._done = asyncio.get_running_loop().create_future()
        if not self._engine.authenticate(lambda session, now: session.reauthenticate(data, now)):
            raise self._lost
        await self._done

    def reauthenticated(self) -> None:
        """Both sides are content."""
        if self._done is not None and not self._done.done():
            self._done.set_result(None)


def _checked(name: str, data: Any) -> bytes | None:
    """What a step gave, as it can go on the wire."""
    if name == "finish" or data is None:
        return None
    if not isinstance(data, bytes | bytearray | memoryview):
        raise AuthenticationFailed(f"our authenticator's {name}() gave {type(data).__name__}, not bytes")
    raw = bytes(data)
    if len(raw) > MAX_LENGTH:
        raise AuthenticationFailed(f"our authenticator's {name}() gave {len(raw)} bytes, above {MAX_LENGTH}")
    return raw
