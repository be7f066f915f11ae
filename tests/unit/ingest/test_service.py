"""What an Ingest refuses before anything begins; how it runs is in tests/integration/test_ingest.py."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError
from holdfast.ingest import Ingest, IngestLedger, SinkError
from holdfast.outbox.intake import Held
from holdfast.testing import Broker


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"topic": []}, "without a topic filter"),
        ({"topic": "a/#/b"}, "'#'"),
        ({"topic": "a/{topic}"}, "column 'topic'"),
        ({"columns": {"temp_c": "$.temp rael"}}, "'rael' is no type"),
        ({"key": ["at"]}, "no column 'at'"),
        ({"share": "a/b"}, "share name"),
        ({"qos": 3}, "qos"),
        ({"batch": 0}, "batch"),
        ({"batch": 1.5}, "whole number"),
        ({"batch": nan}, "batch must be"),
        ({"batch": 10**23}, "from 1 to 1000000"),
        ({"batch_wait_s": -1}, "batch_wait_s"),
        ({"batch_wait_s": nan}, "batch_wait_s must be 0 to 86400, not nan"),
        ({"batch_wait_s": inf}, "batch_wait_s must be 0 to 86400, not inf"),
        ({"into": "mysql://db/x"}, "no database"),
        ({"into": ""}, "names no file"),
    ],
)
def test_a_wrong_option_is_refused(wrong: dict[str, Any], said: str) -> None:
    """At once, in one sentence; no file is made and nothing dialled."""
    options: dict[str, Any] = {"topic": "a", "into": "never-made.db", **wrong}
    with pytest.raises(ConfigurationError, match=said):
        Ingest(Client(), **options)


def test_it_begins_with_empty_books() -> None:
    """And without trouble."""
    service = Ingest(Client(), topic=("a/{x}", "b/{x}"), into="never-made.db")
    assert service.ledger == IngestLedger()
    assert service.trouble is None


async def test_what_is_spooled_is_in_the_books_before_the_database_answers(tmp_path: Path) -> None:
    """One that ends without it says so, too: nothing of the spool is stored, and nothing is gone."""
    with Broker() as broker:
        client = Client(broker.url, client_id="ingest", outbox=tmp_path / "o.db", reconnect="lan", drain_s=1)
        async with client:
            assert client._outbox.intake is not None
            held = [Held(0, "ingest messages", "t", b"x", key="0  0") for _ in range(2)]
            await client._running().commits.reached(client._outbox.intake.hold(held))
        ingest = Ingest(client, topic="t", into=str(tmp_path / "away" / "rows.db"))
        with pytest.raises(SinkError):
            await ingest.run()
        assert ingest.ledger == IngestLedger(received=2, spooled=2)
