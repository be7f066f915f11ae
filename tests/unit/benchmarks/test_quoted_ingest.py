"""The figures of messages that go into a database, beside the loops of others."""

from __future__ import annotations

from typing import Any

from benchmarks.quoted_ingest import table


def row(client: str, rate: float, cpu_us: float) -> dict[str, Any]:
    more = {"messages_per_s": rate, "cpu_us": cpu_us}
    return {"case": "ingest-sqlite", "client": client, "figure": 1.0, "more": more}


def test_rates_stand_beside_the_loops_of_the_run() -> None:
    """With what they cost; who was not measured is a dash, a database that was not has no row."""
    text = table({"rows": [row("holdfast", 38_000.4, 14.5), row("paho (a loop)", 12_500, 76.6)]})
    assert "| QoS 1 into SQLite | **38,000 (14)** | 12,500 (77) | – |" in text
    assert "PostgreSQL" not in text


def test_nothing_is_said_of_what_was_not_measured() -> None:
    """A run without these cases has no table of them."""
    assert table({"rows": []}) == ""
