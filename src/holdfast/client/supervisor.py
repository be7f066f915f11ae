"""The one owner of the connection: it alone decides when to dial (contract 19).

dial ──refused, failed, timed out──▶ wait ──▶ dial ...
  └─accepted─▶ connected ──lost──▶ wait ──▶ dial ...
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from holdfast.client.authenticating import Authenticating
from holdfast.client.connection import Connection, Ended
from holdfast.client.engine import Engine
from holdfast.clock import Clock
from holdfast.codec import Version
from holdfast.protocol import ConnectRequest, Opened, Refused, Terms
from holdfast.resilience import (
    Backoff,
    Reconnect,
    TakeoverSuspicion,
    Verdict,
    VersionChoice,
    of_close,
    of_connack,
    of_error,
)
from holdfast.resilience.retry import LOGIN
from holdfast.transport import Link, LinkUser

if TYPE_CHECKING:
    from holdfast.resilience.stall import Stall

log = logging.getLogger("holdfast")


class Reporter(Protocol):
    """Who is told how the link fares."""

    def dialling(self) -> None:
        """An attempt begins."""

    def connected(self, terms: Terms) -> None:
        """CONNACK accepted us."""

    def attempt_failed(self, verdict: Verdict, retry_in_s: float | None) -> None:
        """An attempt failed; None: there will be no other."""

    def disconnected(self, verdict: Verdict) -> None:
        """An accepted connection ended."""


class Supervisor:
    """Keeps one engine connected until it is stopped, or may try no more."""

    def __init__(
        self,
        engine: Engine,
        place: str,
        dial: Callable[[LinkUser], Awaitable[Link]],
        request: Callable[[Version], ConnectRequest],
        authenticating: Authenticating,
        policy: Reconnect,
        versions: VersionChoice,
        clock: Clock,
        reporter: Reporter,
        stalled: Callable[[], Stall | None] = lambda: None,
    ) -> None:
        """``request`` is called at every attempt, so that credentials are always fresh.

        ``stalled``: what stood still just now, and may be why we were late.
        """
        self._engine = engine
        self._place = place
        self._dial = dial
        self._request = request
        self._authenticating = authenticating
        self._policy = policy
        self._versions = versions
        self._clock = clock
        self._reporter = reporter
        self._stalled = stalled
        self._backoff = Backoff(policy, _uniform)
        self._suspicion = TakeoverSuspicion()
        self._hurry = asyncio.Event()
        self._connected = False
        self._slow = False
        self.connection: Connection | None = None

    async def run(self) -> None:
        """Dial until stopped (cancelled); returns only when ``max_attempts`` is used up."""
        delay: float | None = 0.0
        while delay is not None:
            await self._wait(delay)
            self._hurry.clear()
            self._reporter.dialling()
            try:
                delay = await self._attempt()
            finally:
                if self.connection is not None:
                    self.connection.abort()
                    self._authenticating.end(self.connection)
                self.connection = None

    def redial(self) -> None:
        """Stop waiting, or do not begin to, and begin the backoff anew. Connected: nothing happens."""
        if not self._connected:
            self._backoff.reset()
            self._hurry.set()

    def network_changed(self) -> None:
        """A broker that could not be reached may be now: dial. What only a person can mend still waits."""
        if not self._connected and not self._slow:
            self._hurry.set()

    async def _wait(self, delay: float) -> None:
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _attempt(self) -> float | None:
        """One connection from dial to end; gives the wait before the next, None for no next."""
        self.connection = connection = Connection(self._engine)
        version = self._versions.choose(self._clock.now())
        try:
            async with asyncio.timeout(self._policy.attempt_timeout_s):
                answer = await self._open(connection, version)
        except Ended as ended:
            return self._failed(self._unanswered(ended))
        except TimeoutError as error:
            verdict = of_error(self._authenticating.overdue() or error, self._place)
            return self._failed(self._blamed(verdict, self._policy.attempt_timeout_s))
        except Exception as error:  # whatever an attempt meets, the next one follows
            return self._failed(of_error(error, self._place))
        if isinstance(answer, Refused):
            if self._versions.refused(answer.code):
                return 0.0
            return self._failed(of_connack(answer.code, answer.detail, self._place, version))
        return await self._serve(connection, answer.terms)

    async def _open(self, connection: Connection, version: Version) -> Opened | Refused:
        request = self._request(version)
        connection.link = link = await self._dial(connection)
        # Behind the dial: a token is not fetched for a broker that cannot be reached.
        self._engine.connect(connection, link, await self._authenticating.begin(request))
        return await connection.opened

    async def _serve(self, connection: Connection, terms: Terms) -> float:
        now = self._clock.now()
        self._versions.accepted(now)
        self._backoff.accepted(now)
        self._reporter.connected(terms)
        self._connected = True
        try:
            ended = await asyncio.shield(connection.ended)  # cancelled itself, it would end in silence
        finally:
            self._connected = False
        gone = self._clock.now()
        verdict = self._judged(self._blamed(self._verdict(ended), terms.keepalive_s), gone - now)
        self._slow = verdict.slow and verdict.cause not in LOGIN
        self._reporter.disconnected(verdict)
        return self._backoff.lost(gone, connection.worked and not self._suspicion.stands, self._slow)

    def _judged(self, verdict: Verdict, up_s: float) -> Verdict:
        """A message that may have ended it (contract 10) is on trial already: that is no takeover."""
        return verdict if self._engine.suspects else self._suspicion.judge(verdict, up_s)

    def _unanswered(self, ended: Ended) -> Verdict:
        if ended.closed is None:
            self._versions.closed_before_connack()
        verdict = self._verdict(ended)
        if verdict.cause == "closed":
            sentence = f"{self._place} closed the connection without an answer"
            return Verdict("closed", sentence, "Is it an MQTT broker?")
        return verdict

    def _verdict(self, ended: Ended) -> Verdict:
        closed = ended.closed
        if closed is not None:
            return of_close(closed.by_us, closed.reason, closed.detail, self._place)
        return of_error(ended.error, self._place)

    def _blamed(self, verdict: Verdict, limit_s: float) -> Verdict:
        """What stood still for much of this limit is why it was missed."""
        stall = self._stalled()
        if stall is None:
            return verdict
        from holdfast.resilience.stall import of_stall

        return of_stall(verdict, stall, limit_s)

    def _failed(self, verdict: Verdict) -> float | None:
        self._suspicion.failed()
        self._slow = verdict.slow
        wait: float | None = self._backoff.failed(verdict.slow)
        if self._backoff.exhausted:
            wait = None
        self._reporter.attempt_failed(verdict, wait)
        return wait


def _uniform(low: float, high: float) -> float:
    """As ``random.uniform``, whose module would cost every program 2 ms at its start."""
    return low + (high - low) * int.from_bytes(os.urandom(4), "big") / 0xFFFFFFFF
