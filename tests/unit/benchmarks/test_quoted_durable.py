"""The figures of the outbox file in documents: rates beside peers, latencies beside the disk."""

from __future__ import annotations

from typing import Any

from benchmarks.quoted_durable import RATIO, in_changelog, tables


def row(case: str, client: str, **more: float) -> dict[str, Any]:
    return {"case": case, "client": client, "figure": 1.0, "more": more}


FOUND: dict[str, Any] = {
    "rows": [
        row("durable-publishers", "holdfast", messages_per_s=60_000),
        row("durable-publishers", "gmqtt", messages_per_s=50_000),
        row("durable-publishers", "libmosquitto", messages_per_s=80_000),
        row("durable-publishers-5ms", "holdfast", messages_per_s=15_000),
        row("durable-publishers-5ms", "ohmqtt", messages_per_s=20.4),
        row("accept-1", "holdfast", p50_ms=0.5, p99_ms=1.25),
        row("accept-1", "disk", p50_ms=0.1, p99_ms=0.4),
        row("backlog", "holdfast", queued_mb=3.6, reopen_s=0.12, messages_per_s=135_000, p50_ms=1, p99_ms=3),
    ]
}


def test_rates_stand_beside_the_best_peer_of_the_run() -> None:
    """On the slower disk beside the same peer: it has no file that could be slower."""
    text = tables(FOUND)
    assert "accepted | **60,000** | – | – | 80,000 |" in text
    assert "each fsync 5 ms longer | **15,000** | – | 20 | 80,000 |" in text


def test_latencies_stand_beside_the_disk() -> None:
    """Median and 99th percentile; what was not measured is a dash."""
    text = tables(FOUND)
    assert "| one publisher | **0.50 / 1.25** | 0.10 / 0.40 |" in text
    assert "| 100 publishers | **– / –** | – / – |" in text


def test_the_backlog_is_a_sentence() -> None:
    """Left out where it was not measured."""
    assert "take 3.6 MB of memory; the file opens again in 0.12 s" in tables(FOUND)
    assert "million" not in tables({"rows": FOUND["rows"][:-1]})


def test_the_changelog_has_rate_and_ratio() -> None:
    """Over a line break too; a run without them leaves the text alone."""
    old = "1 durable messages a second by 100 publishers, 9.99 times the\n  quickest peer's volatile rate"
    assert in_changelog(old, FOUND) == old.replace("1 d", "60,000 d").replace("9.99", "0.75")
    assert in_changelog(old, {"rows": []}) == old
    assert RATIO.search(old)
