"""What ends a wait before its time: somebody who knows better, or a network that has changed."""

from __future__ import annotations

from holdfast import Reconnect
from holdfast.codec import Connack, Disconnect
from holdfast.testing import eventually
from tests.unit.client.supervised import Supervised, failing, wired


async def test_redial_ends_the_wait() -> None:
    """Somebody knows better: the next attempt is now, also when it was said during one that then failed."""
    errors = [OSError(), OSError(), OSError()]
    run = Supervised(failing(*errors), Reconnect(first_delay_s=60, max_delay_s=60, attempt_timeout_s=0.1))
    for count in (1, 2, 3):
        await eventually(lambda count=count: run.reports.count("network") == count)  # type: ignore[misc]
        run.supervisor.redial()
    await eventually(lambda: run.links)
    run.links[0].accept()
    await eventually(lambda: run.reports[-1] == "connected")
    run.supervisor.redial()
    assert not run.supervisor._hurry.is_set()
    await run.stop()


async def test_a_change_of_the_network_ends_the_wait_for_a_broker_that_was_away() -> None:
    """The backoff goes on as it was: links may come and go all day, and ``max_attempts`` counts on."""
    errors = [OSError(), OSError()]
    policy = Reconnect(first_delay_s=60, max_delay_s=60, attempt_timeout_s=0.1, max_attempts=3)
    run = Supervised(failing(*errors), policy)
    for count in (1, 2):
        await eventually(lambda count=count: run.reports.count("network") == count)  # type: ignore[misc]
        run.supervisor.network_changed()
    await eventually(lambda: run.links)
    assert run.supervisor._backoff.failures == 2
    run.links[0].accept()
    await eventually(lambda: run.reports[-1] == "connected")
    run.supervisor.network_changed()
    assert not run.supervisor._hurry.is_set()
    await run.stop()


async def test_a_change_of_the_network_does_not_hurry_what_only_a_person_can_mend() -> None:
    """Refused once, or thrown out by another client: the slow wait stands."""
    run = Supervised(wired)
    await eventually(lambda: run.links)
    run.links[0].feed(Connack(False, 0x86, {}))
    await eventually(lambda: run.verdicts)
    run.supervisor.network_changed()
    assert not run.supervisor._hurry.is_set()
    run.supervisor.redial()
    await eventually(lambda: len(run.links) == 2)
    run.links[1].accept()
    await eventually(lambda: run.reports[-1] == "connected")
    run.links[1].feed(Disconnect(0x8E, {}))
    run.links[1].user.lost(None)
    await eventually(lambda: run.reports[-1] == "lost: takeover")
    run.supervisor.network_changed()
    assert not run.supervisor._hurry.is_set()
    await run.stop()
