"""Many clients of one broker, and one client of a broker that comes and goes (A01, A02, contract 19).

Long outages of the full herd are marked ``chaos``; `make chaos` draws what it measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from holdfast import Client, Reconnect, Status
from holdfast.testing import Proxy, eventually
from tests.recovery import kept
from tests.recovery.flapping import BURST, excess
from tests.recovery.herd import BIN_S, CLIENTS, Herd, stampede
from tests.recovery.wiretap import TAP, Attempt, Wiretap, tapping
from tests.support.mosquitto import Mosquitto

CAP_S = 1.5
SETTLED_S = 2.0
"""By then the waits have grown to the cap: before it they are shorter by design."""

IN_STEP = 4
"""Of two hundred clients two may meet three times in a row by chance; five times is no chance any more."""


@pytest.fixture(autouse=True)
def tapped() -> Iterator[None]:
    """Clients dial through a tap."""
    with tapping():
        yield


def broken(herd: Herd) -> list[str]:
    """What a herd must not do; a machine that stood still makes a crowd of those it kept waiting."""
    settled = herd.histogram()[round(SETTLED_S / BIN_S) :]
    usual = sum(settled) / len(settled)
    most = usual + 6 * usual**0.5 + usual * herd.lag_s / BIN_S
    checks = {
        f"a wait of {max(herd.waits()):.3f} s": max(herd.waits()) <= CAP_S + herd.lag_s + 0.01,
        f"{max(settled)} dials at once, {usual:.0f} is usual": max(settled) <= most,
        f"{herd.in_step(SETTLED_S)} dials in step": herd.in_step(SETTLED_S) <= IN_STEP,
        f"the last is back in {max(herd.back_s()):.3f} s": max(herd.back_s()) <= CAP_S + herd.lag_s + 0.1,
    }
    return [words for words, is_kept in checks.items() if not is_kept]


@pytest.mark.needs("mosquitto")
async def test_a_herd_does_not_stampede(tmp_path: Path) -> None:
    """A hundred clients lose their broker: dials are spread, none waits longer than the cap, none in step."""
    assert broken(await stampede(tmp_path, 5, 100)) == []


def made_up(wait: Callable[[], float], clients: int = 50) -> Herd:
    """A herd that waits like this, and dials ten seconds for nothing."""
    dials = []
    for _ in range(clients):
        moments = [0.0]
        while moments[-1] < 10:
            moments.append(moments[-1] + wait())
        dials.append([Attempt(moment, ended=moment) for moment in moments[:-1]])
        dials[-1].append(Attempt(moments[-1], answered=10.1))
    return Herd(10, dials, lag_s=0)


def test_the_judge_of_herds_is_judged() -> None:
    """With jitter nothing is said; without it, or with waits beyond the cap, the sentence that fits."""
    chance = Random(19)
    assert broken(made_up(lambda: chance.uniform(0, 1.5))) == []
    said = broken(made_up(lambda: 0.75))
    assert [words for words in said if "in step" in words]
    assert [words for words in said if "at once" in words]
    assert any("a wait of" in words for words in broken(made_up(lambda: chance.uniform(0, 1.7))))


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
async def test_two_hundred_clients(tmp_path: Path) -> None:
    """The whole herd, for twenty seconds."""
    herd = await stampede(tmp_path, 20)
    kept.keep(
        "herd", {"clients": CLIENTS, "bin_s": BIN_S, "dials": herd.histogram(), "back_s": herd.back_s()}
    )
    assert broken(herd) == []


# -- a broker that comes and goes ------------------------------------------------------------------


async def flap(folder: Path, up_s: float, down_s: float, times: int) -> list[float]:
    """When a client was accepted whose link always works, and never for long."""
    tap = Wiretap()
    with Mosquitto(folder / "mosquitto") as broker, Proxy(broker.url) as proxy:
        TAP.set(tap)
        async with Client(proxy.url, client_id="flapped", reconnect="lan", drain_s=1) as client:
            for _ in range(times):
                await client.publish("n/1", f"1-{len(tap.attempts):06}")
                await asyncio.sleep(up_s)
                proxy.refuse()
                proxy.reset()
                await asyncio.sleep(down_s)
                proxy.heal()
            await client.flush(10)
    return [one.answered for one in tap.attempts if one.answered is not None]


@pytest.mark.needs("mosquitto")
async def test_a_flapping_broker_is_spared(tmp_path: Path) -> None:
    """Up for 150 ms and down for 20, again and again: ten connections at once, then one in three seconds."""
    accepted = await flap(tmp_path, 0.15, 0.02, 45)  # enough that a busy machine gets to ten
    assert excess(accepted) == []
    assert len(accepted) >= BURST


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
async def test_a_broker_that_is_up_every_other_second(tmp_path: Path) -> None:
    """A02: up 1 s, down 1 s for two minutes: at most thirty connections in any of them."""
    accepted = await flap(tmp_path, 1, 1, 60)
    assert excess(accepted) == []
    assert len(accepted) >= 30


def test_too_many_connections_are_seen() -> None:
    """The judge is judged: the eleventh at once is one too many, and so is one every two seconds for long."""
    assert excess([0.0] * 10) == []
    assert len(excess([0.0] * 11)) == 1
    assert excess([3.0 * number for number in range(100)]) == []
    assert excess([2.0 * number for number in range(40)])


@pytest.mark.needs("mosquitto")
async def test_a_finite_limit_ends_in_failed(tmp_path: Path) -> None:
    """A01: a broker that died for good ends a client with max_attempts, and only such a one."""
    policy = Reconnect(max_delay_s=0.2, max_attempts=5)
    with Mosquitto(tmp_path / "mosquitto") as broker:
        client = Client(broker.url, client_id="finite", reconnect=policy, drain_s=0)
        async with client, Client(broker.url, client_id="endless", reconnect="lan") as endless:
            await client.ready(10)
            await endless.ready(10)
            await asyncio.to_thread(broker.stop)
            await eventually(lambda: client.status is Status.FAILED, 10)
            assert client.snapshot().attempts == 5
            await eventually(lambda: endless.snapshot().attempts > 5, 10)
            assert endless.status is Status.RECONNECTING
