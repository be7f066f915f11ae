"""A → B → A with QoS 2 in every stage, on brokers that keep their sessions (contract 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client
from holdfast.codec import Packet, Puback, Pubcomp, Publish, Pubrec, Pubrel
from holdfast.messages import QoS
from holdfast.testing import Broker, eventually
from holdfast.testing.model import BrokerLimits
from tests.integration.conftest import Version
from tests.integration.failover.conftest import QUICK, client_of, heard
from tests.support.mosquitto import Mosquitto
from tests.support.sieve import Sieve

WINDOW = 20
"""What each broker lets a client have in flight."""

STAGES: dict[str, tuple[QoS, type[Packet]]] = {
    "PUBLISH did not arrive": (2, Publish),
    "PUBREC did not come back": (2, Pubrec),
    "PUBREL did not arrive": (2, Pubrel),
    "PUBCOMP did not come back": (2, Pubcomp),
    "QoS 1, PUBACK did not come back": (1, Puback),
}

Any2 = tuple[Any, Any]


@pytest.fixture(params=["mosquitto", "builtin"])
def brokers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any2]:
    """Two of a kind, with a window that is soon full."""
    if request.param == "builtin":
        limits = BrokerLimits(receive_maximum=WINDOW, max_inflight=WINDOW)
        with Broker(strict=True, limits=limits) as primary, Broker(strict=True, limits=limits) as backup:
            yield primary, backup
            assert primary.violations == backup.violations == []
        return
    lines = [f"max_inflight_messages {WINDOW}", "max_queued_messages 0"]
    with (
        Mosquitto(tmp_path / "primary", *lines) as one,
        Mosquitto(tmp_path / "backup", *lines) as two,
    ):
        yield one, two


class Reader:
    """Somebody at one broker, and what is published there."""

    def __init__(self, broker: Any, version: Version) -> None:
        self.client = Client(broker.url, client_id="reader", reconnect=QUICK, version=version, drain_s=1)
        self.got: list[int] = []

        @self.client.on("n", qos=2)
        async def count(payload: str) -> None:
            self.got.append(int(payload))


async def publish(client: Client, numbers: range, qos: QoS) -> None:
    for number in numbers:
        await client.publish("n", str(number), qos=qos)


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("version", ["5", "3.1.1"])
@pytest.mark.parametrize("kept", ["memory", "file"])
@pytest.mark.parametrize("stage", STAGES)
async def test_there_and_back(brokers: Any2, tmp_path: Path, version: Version, kept: str, stage: str) -> None:
    """Held up at the primary in that stage with a full window: all goes out at the backup, in its order.

    Back at the primary, which has the exchanges still open, they are completed: or what is sent from then
    on would be swallowed under their identifiers, or find no room in its window (contract X15). What arrives
    twice is what was told as uncertain.
    """
    qos, lost = STAGES[stage]
    primary, backup = brokers
    readers = Reader(primary, version), Reader(backup, version)
    outbox = tmp_path / "outbox.db" if kept == "file" else None
    async with Sieve(primary.port) as way, readers[0].client, readers[1].client:
        client = client_of(way.url, backup.url, outbox=outbox, version=version)
        async with client:
            for one in (readers[0].client, readers[1].client, client):
                await one.ready(5)
            events = client.events()
            way.lost = (lost,)
            await publish(client, range(WINDOW), qos)
            await eventually(lambda: way.swallowed >= WINDOW)
            await way.close()
            told: Any = await heard(events, "failed_over")
            assert (told.resent, told.uncertain) == (WINDOW, WINDOW if qos == 2 else 0)
            await client.flush(10)
            await eventually(lambda: readers[1].got == list(range(WINDOW)))
            way.lost = ()
            await way.open()
            await heard(events, "failed_back")
            await publish(client, range(WINDOW, 5 * WINDOW), qos)
            await client.flush(10)
            assert client.snapshot().session_losses == 0
            assert client.snapshot().ledger.acknowledged == 5 * WINDOW
            await eventually(lambda: readers[0].got[-1:] == [5 * WINDOW - 1])
    new = [number for number in readers[0].got if number >= WINDOW]
    again = [number for number in readers[0].got if number < WINDOW]
    assert new == list(range(WINDOW, 5 * WINDOW))
    assert again == ([] if lost is Publish else list(range(WINDOW)))
