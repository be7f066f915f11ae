"""Ctrl-C within publish, wherever it comes: no lock is left behind, nothing is pending for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast import Outbox
from holdfast.client.interrupts import carried
from holdfast.messages import Priority, QoS
from holdfast.outbox import Ledger
from holdfast.sync import Client
from holdfast.sync.receipt import Receipt
from holdfast.testing import Broker
from tests.support.ctrl_c import interrupted

PLACES = 1000
"""More than there are in one publish."""


def publish_interrupted(client: Client, place: int, now: bool, priority: Priority, qos: QoS) -> bool:
    """Whether it was; what was accepted is told and goes out, and the rest is as if it had not been."""
    before = client.snapshot().ledger.accepted

    def publish() -> None:
        call = client.publish_nowait if now else client.publish
        call("a", str(place), priority=priority, qos=qos)

    hit, interrupt = interrupted(place, publish)
    assert hit == (interrupt is not None), place
    if interrupt is not None:
        client.flush(5)
        receipt: object = carried(interrupt)
        accepted = client.snapshot().ledger.accepted - before
        assert accepted == (receipt is not None) or not qos, place
        if isinstance(receipt, Receipt):
            receipt.acknowledged(5)
    return hit


def whole(ledger: Ledger) -> bool:
    return ledger.accepted == ledger.acknowledged + ledger.sent and ledger.pending == 0


@pytest.mark.parametrize("kept", ["memory", "file"])
@pytest.mark.parametrize(
    ("now", "priority", "qos"),
    [(True, "normal", 1), (False, "normal", 1), (False, "high", 2), (True, "normal", 0)],
)
def test_wherever_it_comes(tmp_path: Path, kept: str, now: bool, priority: Priority, qos: QoS) -> None:
    """At each place the message is accepted, with a receipt, or not at all; the next publishes go on."""
    outbox = Outbox(tmp_path / "outbox.db", durability="process") if kept == "file" else None
    with Broker() as broker, Client(broker.url, client_id="k", outbox=outbox, drain_s=1) as client:
        client.ready(5)
        places = 0
        while publish_interrupted(client, places + 1, now, priority, qos):
            places += 1
            assert places < PLACES
        assert places > 10
        client.publish("a", "last").acknowledged(5)
        client.flush(5)
        assert whole(client.snapshot().ledger)
        texts = [message.text() for message in broker.messages("a")]
        assert len(texts) == len(set(texts)) == client.snapshot().ledger.accepted
