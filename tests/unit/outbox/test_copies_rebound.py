"""An outbox becomes that of another client, or for another broker (contract 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import OutboxError
from holdfast.outbox.copies import rebind
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import accept, open_outbox, seqs, write


def test_another_client_may_have_it(path: Path) -> None:
    """Contract 2: what was in flight was another's; the broker group may change with it, or alone."""
    outbox = open_outbox(path)
    write(outbox, Assigned([(1, accept(outbox)[0])]))
    outbox.close(10)
    rebind(str(path), "gateway-8", None)
    rebind(str(path), None, "broker.example:1883")
    with pytest.raises(OutboxError, match="belongs to the client id 'gateway-8'"):
        open_outbox(path)
    outbox = SqliteOutbox(path, ManualClock())
    with pytest.raises(OutboxError, match=r"belongs to the brokers 'broker\.example:1883'"):
        outbox.open("gateway-8", [["other.example:1883"]])
    assert outbox.open(None, [["broker.example:1883"]]) == "gateway-8"
    assert (outbox.restore().lost, outbox.restore().sent, seqs(outbox.take(5))) == (True, [], [1])
    outbox.close(10)


def test_there_must_be_something_to_rebind(path: Path) -> None:
    """Nothing is made of a wrong name."""
    with pytest.raises(OutboxError, match="there is no outbox at"):
        rebind(str(path), "gateway-8", None)
    assert list(path.parent.iterdir()) == []
