"""What an Ingest refuses before anything begins; how it runs is in tests/integration/test_ingest.py."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError
from holdfast.ingest import Ingest, IngestLedger


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
