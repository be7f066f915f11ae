"""A receipt for a thread."""

from __future__ import annotations

import pytest

from holdfast.errors import PublishRefused, Timeout
from holdfast.sync import Client
from holdfast.testing import Broker


def test_it_shows_what_the_client_knows(client: Client, broker: Broker) -> None:
    """Number, commit, state; waits end with the message or in their time."""
    broker.hold("PUBACK")
    receipt = client.publish("t", "x")
    receipt.accepted()
    assert (receipt.id, receipt.commit, receipt.state, receipt.maybe_duplicate) == (1, 0, "pending", False)
    with pytest.raises(Timeout):
        receipt.acknowledged(0.01)
    broker.release()
    receipt.acknowledged(5)
    assert repr(receipt) == "Receipt(id=1, state='acknowledged')"


def test_refused(client: Client, broker: Broker) -> None:
    """The broker's word is raised where it is waited for."""
    broker.refuse("PUBLISH", 0x99, times=1)
    with pytest.raises(PublishRefused):
        client.publish("t", "x").acknowledged(5)
