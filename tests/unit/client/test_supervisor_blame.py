"""Attempts that never were, and what stood still when a link ended."""

from __future__ import annotations

from holdfast import Authenticator, Reconnect
from holdfast.resilience.stall import Stall
from holdfast.testing import eventually
from tests.unit.client.supervised import Supervised, wired


async def test_a_link_without_an_attempt_is_cut() -> None:
    """Open, and the authenticator does not get to CONNECT: nothing is left for the broker to close."""

    class Failing(Authenticator):
        method = "M"

        def start(self) -> bytes:
            raise ValueError("secret")

    run = Supervised(wired, authentication=Failing)
    await eventually(lambda: len(run.links) >= 2)
    assert run.reports[1] == "authentication"
    assert run.links[0].calls == ["abort"]
    await run.stop()


async def test_a_stall_is_to_blame() -> None:
    """What stood still before a link ended, or an attempt was not done in time, is named as the cause."""
    run = Supervised(
        wired, Reconnect(first_delay_s=0.001, max_delay_s=0.002, attempt_timeout_s=0.05), keepalive_s=60
    )
    run.stall = Stall(35, "loop", "scan (a.py:7)")
    await eventually(lambda: run.links)
    run.links[0].accept()
    await eventually(lambda: run.reports == ["dialling", "connected"])
    run.links[0].user.lost(None)
    await eventually(lambda: len(run.verdicts) >= 2)
    assert [verdict.cause for verdict in run.verdicts[:2]] == ["stalled", "stalled"]
    assert run.verdicts[0].sentence.startswith(
        "the event loop was blocked for 35.0 s by scan (a.py:7): host:1 closed"
    )
    await run.stop()
