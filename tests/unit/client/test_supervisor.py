"""The one owner of the connection: when it dials, and what it reports (contract 19)."""

from __future__ import annotations

import asyncio

from holdfast import Reconnect
from holdfast.codec import V5, Connack, Disconnect
from holdfast.errors import ConfigurationError
from holdfast.resilience import VersionChoice
from holdfast.testing import eventually
from tests.unit.client.supervised import Supervised, failing, wired


async def test_errors_are_reported_and_followed_by_the_next_attempt() -> None:
    """Refused, a wrong password file, a defect: each has its verdict, none ends the dialling."""
    errors = [ConnectionRefusedError(), ConfigurationError("password file"), KeyError("boom")]
    run = Supervised(failing(*errors))
    await eventually(lambda: "configuration" in run.reports)
    run.supervisor.redial()  # a slow one: only a person can mend it
    await eventually(lambda: run.links)
    assert run.reports == [
        "dialling",
        "refused",
        "dialling",
        "configuration",
        "dialling",
        "error",
        "dialling",
    ]
    run.links[0].accept()
    await eventually(lambda: run.reports[-1] == "connected")
    await run.stop()


async def test_lost_and_found() -> None:
    """A link that ends is reported with its cause, and the next one follows."""
    run = Supervised(wired)
    await eventually(lambda: run.links)
    run.links[0].accept()
    await eventually(lambda: run.reports == ["dialling", "connected"])
    run.links[0].feed(Disconnect(0x8B))
    run.links[0].user.lost(None)
    await eventually(lambda: len(run.links) == 2)
    assert run.reports[2:] == ["lost: server_shutdown", "dialling"]
    await run.stop()
    assert run.links[1].calls[-1] == "abort"


async def test_silence_ends_an_attempt_in_time() -> None:
    """No CONNACK within attempt_timeout_s: a timeout, and the link is cut."""
    run = Supervised(wired, Reconnect(first_delay_s=0.001, max_delay_s=0.002, attempt_timeout_s=0.01))
    await eventually(lambda: len(run.links) >= 2)
    assert run.reports[1] == "timeout"
    assert "abort" in run.links[0].calls
    await run.stop()


async def test_refused_login_is_tried_again() -> None:
    """CONNACK with an error: verdict with its code, then the next attempt, after a slow wait or when told."""
    run = Supervised(wired)
    await eventually(lambda: run.links)
    run.links[0].feed(Connack(False, 0x86, {}))
    await eventually(lambda: run.verdicts)
    assert run.verdicts[0].slow
    run.supervisor.redial()
    await eventually(lambda: len(run.links) == 2)
    assert (run.verdicts[0].cause, run.verdicts[0].code) == ("credentials", 0x86)
    await run.stop()


async def test_unsupported_version_is_followed_by_the_other_at_once() -> None:
    """0x84: 3.1.1, without counting as a failure (contract 4)."""
    run = Supervised(wired)
    await eventually(lambda: run.links)
    run.links[0].feed(Connack(False, 0x84, {}))
    await eventually(lambda: len(run.versions) == 2)
    assert run.versions == [5, 4]
    assert run.reports == ["dialling", "dialling"]
    await run.stop()


async def test_hung_up_without_an_answer() -> None:
    """Closed before CONNACK: a question, not a reset; twice in a row leads to 3.1.1."""
    run = Supervised(wired)
    for number in range(2):
        await eventually(lambda number=number: len(run.links) > number)  # type: ignore[misc]
        run.links[number].user.lost(None)
    await eventually(lambda: len(run.versions) == 3)
    assert run.versions == [5, 5, 4]
    assert "without an answer" in str(run.verdicts[0])
    await run.stop()


async def test_max_attempts() -> None:
    """So many failures in a row, and it returns; the last report says that no other follows."""
    run = Supervised(
        failing(*[OSError()] * 9), Reconnect(first_delay_s=0.001, max_delay_s=0.002, max_attempts=3)
    )
    await asyncio.wait_for(run.task, 5)
    assert run.reports.count("dialling") == 3
    assert run.reports[-1] == "given up"
    run.engine.close()


async def test_wordless_closes_become_a_suspicion() -> None:
    """Three closes soon after CONNACK, without a word: perhaps the client id is used twice (contract 20)."""
    run = Supervised(wired)
    for number in range(3):
        await eventually(lambda number=number: len(run.links) > number)  # type: ignore[misc]
        run.links[number].accept()
        await eventually(lambda number=number: run.reports.count("connected") > number)  # type: ignore[misc]
        run.links[number].user.lost(None)
    await eventually(lambda: len(run.verdicts) == 3)
    hints = ["client_id" in (verdict.hint or "") for verdict in run.verdicts]
    assert hints == [False, False, True]
    assert [verdict.slow for verdict in run.verdicts] == hints
    await run.stop()


def test_version_is_5_first() -> None:
    """What the tests above rely on."""
    assert VersionChoice().choose(0) == V5
