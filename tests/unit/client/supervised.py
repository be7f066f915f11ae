"""A supervisor, the links it opens, and what it reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from holdfast import Authenticator, Reconnect
from holdfast.client.authenticating import Authenticating
from holdfast.client.brokers import Target
from holdfast.client.clock import SystemClock
from holdfast.client.engine import Engine
from holdfast.client.options import Limits
from holdfast.client.supervisor import Supervisor
from holdfast.client.targets import Targets
from holdfast.codec import Version
from holdfast.outbox.memory import MemoryOutbox
from holdfast.protocol import ConnectRequest, Session, Terms
from holdfast.resilience import Verdict, VersionChoice
from holdfast.resilience.failover import Failover
from holdfast.resilience.stall import Stall
from holdfast.testing.manual_clock import ManualClock
from holdfast.transport import Link, LinkUser
from tests.unit.client.wired import Wired

QUICK = Reconnect(first_delay_s=0.001, max_delay_s=0.002, attempt_timeout_s=0.1)


class Supervised:
    """A supervisor, the links it opened, and its reports."""

    def __init__(
        self,
        answer: Callable[[int, LinkUser], Link],
        policy: Reconnect = QUICK,
        authentication: Callable[[], Authenticator] | None = None,
        keepalive_s: int = 0,
        groups: Sequence[Sequence[str]] = (("host:1",),),
    ) -> None:
        outbox = MemoryOutbox(ManualClock())
        self.links: list[Wired] = []
        self.reports: list[str] = []
        self.verdicts: list[Verdict] = []
        self.retries: list[float | None] = []
        self.versions: list[Version] = []
        self.stall: Stall | None = None
        self.groups = groups
        self._keepalive_s = keepalive_s
        self._answer = answer
        self._dialled = 0
        self.engine = Engine(Session(10), outbox, SystemClock(), self, Limits())
        self.targets = Two(self, policy)
        self.supervisor = Supervisor(
            self.engine, cast(Targets, self.targets), Authenticating(self.engine, authentication, 1),
            policy, SystemClock(), self, lambda: self.stall,
        )  # fmt: skip
        self.task = asyncio.create_task(self.supervisor.run())

    def batch(self, *_: Any) -> None:
        """The engine's news are not looked at here."""

    async def open(self, _address: str, user: LinkUser) -> Link:
        """A look at another one."""
        return Wired(user)

    async def dial(self, user: LinkUser) -> Link:
        self._dialled += 1
        link = self._answer(self._dialled, user)
        if isinstance(link, Wired):
            self.links.append(link)
        return link

    def request(self, version: Version) -> ConnectRequest:
        self.versions.append(version)
        return ConnectRequest("c", version, keepalive_s=self._keepalive_s)

    # Reporter

    def dialling(self, target: Target) -> None:
        self.reports.append("dialling" if target.place == "host:1" else f"dialling {target.place}")

    def connected(self, terms: Terms) -> None:
        self.reports.append("connected")

    def attempt_failed(self, verdict: Verdict, retry_in_s: float | None) -> None:
        self.verdicts.append(verdict)
        self.retries.append(retry_in_s)
        self.reports.append("given up" if retry_in_s is None else verdict.cause)

    def disconnected(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self.reports.append(f"lost: {verdict.cause}")

    def redirected(self, place: str, target: Target, for_good: bool) -> None:
        self.reports.append(f"{place} to {target.place}, for good: {for_good}")

    async def stop(self) -> None:
        """End it."""
        self.task.cancel()
        await asyncio.wait([self.task])
        self.engine.close()


class Two:
    """What it dials: one broker, and a backup that a test of its own uses."""

    def __init__(self, run: Supervised, policy: Reconnect) -> None:
        self.versions = VersionChoice()
        self.failover = Failover(run.groups, policy)
        self.dial = run.dial
        self.open = run.open
        self.request = run.request

    def refer(self, code: int, reference: str | None, connected: bool) -> tuple[Target, bool] | None:
        followed = code >= 0x9C and reference and self.failover.refer([reference], code == 0x9D)
        return (self.target, code == 0x9D) if followed else None

    @property
    def place(self) -> str:
        return self.failover.target

    @property
    def target(self) -> Target:
        return Target(self.place, f"mqtt://{self.place}", self.failover.rank)


def wired(_number: int, user: LinkUser) -> Link:
    """Every dial opens a link."""
    return Wired(user)


def failing(*errors: Exception) -> Callable[[int, LinkUser], Link]:
    """The first dials fail with these."""

    def answer(number: int, user: LinkUser) -> Link:
        if number <= len(errors):
            raise errors[number - 1]
        return Wired(user)

    return answer
