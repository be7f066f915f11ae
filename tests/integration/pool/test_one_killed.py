"""One of four pooled connections is killed: nothing is lost, order per key is kept (contract 25, A12)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest

from holdfast import Pool, QoS
from holdfast.client.layout import shard
from holdfast.testing import Proxy, eventually
from tests.integration.pool.conftest import QUICK, Heard, through
from tests.support.mosquitto import Mosquitto

pytestmark = pytest.mark.needs("mosquitto")

KEYS = [f"k/{number}" for number in range(12)]
BROKEN = 2
WHOLE = [key for key in KEYS if shard(key, 4) != BROKEN]
OTHERS = [key for key in KEYS if key not in WHOLE]

Fault = Callable[[Proxy], None]


@pytest.fixture
def ways(mosquitto: Mosquitto) -> Iterator[list[Proxy]]:
    """One for each connection."""
    with ExitStack() as stack:
        yield [stack.enter_context(Proxy(mosquitto.url)) for _ in range(4)]


class Load:
    """A publisher for each of these keys, which waits for each acknowledgement, or for none."""

    def __init__(self, pool: Pool, qos: QoS) -> None:
        self._pool = pool
        self._qos = qos
        self.next = dict.fromkeys(KEYS, 0)

    async def publish(self, key: str, count: int, acknowledged: bool) -> None:
        """So many more of this key."""
        for _ in range(count):
            number, self.next[key] = self.next[key], self.next[key] + 1
            receipt = await self._pool.publish(key, str(number), qos=self._qos)
            if acknowledged:
                await receipt.acknowledged(10)

    async def measured(self) -> float:
        """How long the keys of the other connections take for ten messages each, one after the other.

        The best of some rounds, as this machine may have other work to do.
        """
        rounds = []
        for _ in range(6):
            began = monotonic()
            await asyncio.gather(*(self.publish(key, 10, True) for key in WHOLE))
            rounds.append(monotonic() - began)
        return min(rounds)


def cut(way: Proxy) -> None:
    """A reset, and nobody behind the port for a while."""
    way.refuse()
    way.reset()


def hole(way: Proxy) -> None:
    """Silence."""
    way.hole()


@pytest.mark.parametrize("outbox", ["memory", "files"])
@pytest.mark.parametrize(("fault", "qos"), [(cut, 1), (hole, 1), (cut, 2), (hole, 2)])
async def test_one_of_four_is_killed(
    mosquitto: Mosquitto, heard: Heard, ways: list[Proxy], tmp_path: Path, fault: Fault, qos: QoS, outbox: str
) -> None:
    """Under load: its keys wait for it, the others go on at their rate, and in the end all came, in order."""
    assert OTHERS
    folder = tmp_path / "pool" if outbox == "files" else None
    pool = Pool(mosquitto.url, client_id="gw", outbox=folder, keepalive_s=1, reconnect=QUICK)
    through(pool, *(way.url for way in ways))
    load = Load(pool, qos)
    async with pool:
        await pool.ready(5)
        usual_s = await load.measured()
        backlog = asyncio.gather(*(load.publish(key, 100, False) for key in OTHERS))
        fault(ways[BROKEN])
        await backlog
        broken_s = await load.measured()
        lost = pool.snapshots()[BROKEN]
        await eventually(lambda: pool.snapshots()[BROKEN].status == "reconnecting")
        assert lost.ledger.pending
        for way in ways:
            way.heal()
        await pool.flush(20)
        assert [snapshot.connections for snapshot in pool.snapshots()][:2] == [1, 1]
        assert pool.snapshots()[BROKEN].connections > 1
        ledger = pool.ledger()
    print(f"{usual_s:.3f} s before, {broken_s:.3f} s beside the broken one")
    assert broken_s < 10 * usual_s + 0.05  # a wait for the broken one would be a second, or without end
    assert ledger.acknowledged == ledger.accepted == sum(load.next.values())
    await eventually(lambda: len(heard) == ledger.accepted)
    assert heard.numbers == {key: list(range(count)) for key, count in load.next.items()}
    assert qos == 1 or heard.repeats == 0
