"""Several brokers: whose turn it is, and what is told of it (contract 3)."""

from __future__ import annotations

import pytest

from holdfast import Reconnect
from holdfast.codec import Connack, Disconnect
from holdfast.resilience import failover
from holdfast.testing import eventually
from holdfast.transport import Link, LinkUser
from tests.unit.client.supervised import Supervised, wired
from tests.unit.client.wired import Wired

GROUPS = (("host:1",), ("backup",))
SOON = Reconnect(first_delay_s=0.001, max_delay_s=0.002, attempt_timeout_s=0.02, fail_back_s=0)


def only_the_backup(run: list[Supervised]) -> object:
    """The other one refuses."""

    def answer(_number: int, user: LinkUser) -> Link:
        if run[0].targets.place == "host:1":
            raise ConnectionRefusedError
        return Wired(user)

    return answer


async def test_a_backup_is_dialled_when_the_primary_has_failed_for_long_enough() -> None:
    """Each attempt by the backoff; the first one at another group at once."""
    runs: list[Supervised] = []
    policy = Reconnect(first_delay_s=0.001, max_delay_s=0.002, attempt_timeout_s=0.02)
    runs.append(Supervised(only_the_backup(runs), policy, groups=GROUPS))  # type: ignore[arg-type]
    (run,) = runs
    await eventually(lambda: run.links)
    run.links[0].accept()
    await eventually(lambda: run.reports[-1] == "connected")
    assert run.reports[-2:] == ["dialling backup", "connected"]
    assert run.reports.count("refused") >= 2
    assert run.retries[-1] == 0.0
    assert all(retry is not None and retry <= 0.002 for retry in run.retries)
    await run.stop()


async def test_it_goes_back_when_the_primary_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a DISCONNECT that takes our will with it; the event says where to and where from."""
    monkeypatch.setattr(failover, "LOOK_S", (0.005, 0.005))
    run = Supervised(wired, SOON, groups=GROUPS)
    run.targets.failover.go_back(1)  # as if it had been given up
    await eventually(lambda: run.links)
    run.links[0].accept()
    await eventually(lambda: "close" in run.links[0].calls)
    assert [one for one in run.links[0].sent() if isinstance(one, Disconnect)] == [Disconnect(0)]
    run.links[0].user.lost(None)
    await eventually(lambda: run.reports[-1] == "dialling")
    assert run.reports[:3] == ["dialling backup", "connected", "lost: fail_back"]
    assert run.verdicts[0].sentence == "host:1 answers again: left backup for it"
    await run.stop()


async def test_a_lost_connection_is_dialled_again_where_it_was() -> None:
    """The session is there; the betters are looked at while a connection is up."""
    run = Supervised(wired, Reconnect(first_delay_s=0.001, max_delay_s=0.002), groups=GROUPS)
    run.targets.failover.go_back(1)
    for number in range(2):
        await eventually(lambda number=number: len(run.links) > number)  # type: ignore[misc]
        run.links[number].accept()
        await eventually(lambda number=number: run.reports.count("connected") > number)  # type: ignore[misc]
        run.links[number].user.lost(None)
    await eventually(lambda: run.reports.count("dialling backup") == 3)
    assert "dialling" not in run.reports
    await run.stop()


async def test_a_reference_of_connack_is_followed_at_once() -> None:
    """The refusal is told as one, and costs no wait (MQTT 5 §4.11)."""
    run = Supervised(wired, Reconnect(first_delay_s=60, max_delay_s=60, attempt_timeout_s=5))
    await eventually(lambda: run.links)
    run.links[0].feed(Connack(False, 0x9C, {"server_reference": "other:1"}))
    await eventually(lambda: len(run.links) == 2)
    told = ["dialling", "server_moved", "host:1 to other:1, for good: False", "dialling other:1"]
    assert run.reports == told
    assert run.retries == [0.0]
    await run.stop()


async def test_a_reference_of_disconnect_is_followed_as_after_a_lost_link() -> None:
    """For good with 0x9D; one that we sent ourselves refers to nobody."""
    run = Supervised(wired)
    await eventually(lambda: run.links)
    run.links[0].accept()
    await eventually(lambda: run.reports[-1] == "connected")
    run.links[0].feed(Disconnect(0x9D, {"server_reference": "other:1"}))
    await eventually(lambda: "close" in run.links[0].calls)
    run.links[0].user.lost(None)
    await eventually(lambda: len(run.links) == 2)
    assert run.reports[2:] == [
        "lost: server_moved",
        "host:1 to other:1, for good: True",
        "dialling other:1",
    ]
    await run.stop()


async def test_a_refusal_that_refers_to_nobody_is_a_failure() -> None:
    """Where the server has gone only a person can say: the next attempt is at the same broker, and slow."""
    run = Supervised(wired)
    await eventually(lambda: run.links)
    run.links[0].feed(Connack(False, 0x9C))
    await eventually(lambda: run.retries)
    assert (run.reports, (run.retries[0] or 0) >= 10) == (["dialling", "server_moved"], True)
    run.supervisor.redial()
    await eventually(lambda: len(run.links) == 2)
    assert run.reports == ["dialling", "server_moved", "dialling"]
    await run.stop()
