"""What documents quote of the outbox file: beside those that keep a file too, and beside the disk itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.cases import AWAITED_AT_ONCE, SLOWER_MS
from benchmarks.report import figures
from benchmarks.targets import DISK, OURS, QUICKEST

Figures = Mapping[tuple[str, str], float]

RATES = {
    "durable-publishers": f"{AWAITED_AT_ONCE} publishers, each waits until its message is accepted",
    "durable-many-500": "`publish_many`, 2 publishers with groups of 500",
    "durable-many-100": "`publish_many`, 4 publishers with groups of 100",
}
LATENCIES = {"accept-1": "one publisher", f"accept-{AWAITED_AT_ONCE}": f"{AWAITED_AT_ONCE} publishers"}
_VOLATILE = {"durable-many-100": "durable-many-500"}
"""Where the figure of the peers stands, if not beside ours."""

RATIO = re.compile(
    r"([\d,]+)( durable messages a second by 100 publishers, )([\d.]+)"
    r"( times the\s+quickest peer's volatile rate)"
)


def tables(found: dict[str, Any]) -> str:
    """All of it, for the README."""
    seen = figures(found["rows"])
    return "\n\n".join(["\n".join(part) for part in (_rates(seen), _latencies(seen), _backlog(seen)) if part])


def _rates(seen: Figures) -> list[str]:
    lines = [
        "| messages a second, from the first call until all are acknowledged | Holdfast, file"
        " | mqttium, its SQLite store | ohmqtt, its SQLite store | best peer, no file |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case, title in _twice(RATES).items():
        plain = case.removesuffix(f"-{SLOWER_MS}ms")
        cells = [_count(seen.get((f"{case}.messages_per_s", name))) for name in _FILES]
        cells[0] = f"**{cells[0]}**"
        lines.append(f"| {title} | {' | '.join(cells)} | {_count(best(seen, plain))} |")
    return lines


_FILES = (OURS, "mqttium (SQLite)", "ohmqtt")


def best(seen: Figures, case: str) -> float | None:
    """The quickest peer without a file, in this case or the one that stands for it."""
    rates = [seen.get((f"{_VOLATILE.get(case, case)}.messages_per_s", peer)) for peer in QUICKEST]
    return max((rate for rate in rates if rate is not None), default=None)


def _twice(titles: Mapping[str, str]) -> dict[str, str]:
    """On this disk, and on the slower one."""
    slower = {
        f"{case}-{SLOWER_MS}ms": f"{title}; each fsync {SLOWER_MS} ms longer"
        for case, title in titles.items()
    }
    return {**titles, **slower}


def _latencies(seen: Figures) -> list[str]:
    lines = [
        "| ms until a message is accepted, p50 / p99 | Holdfast, file | one fdatasync of 4 KiB |",
        "| --- | --- | --- |",
    ]
    for case, title in _twice(LATENCIES).items():
        lines.append(f"| {title} | **{_spread(seen, case, OURS)}** | {_spread(seen, case, DISK)} |")
    return lines


def _spread(seen: Figures, case: str, client: str) -> str:
    values = [seen.get((f"{case}.{name}", client)) for name in ("p50_ms", "p99_ms")]
    return " / ".join("–" if value is None else f"{value:.2f}" for value in values)


def _backlog(seen: Figures) -> list[str]:
    """One sentence; nothing where it was not measured."""
    queued, reopened, rate = (
        seen.get((f"backlog.{name}", OURS)) for name in ("queued_mb", "reopen_s", "messages_per_s")
    )
    if queued is None or reopened is None or rate is None:
        return []
    return [
        f"A million messages queued offline take {queued:.1f} MB of memory; the file opens again in"
        f" {reopened:.2f} s and drains in order at {rate:,.0f} messages a second, while a message published"
        f" meanwhile is accepted in {_spread(seen, 'backlog', OURS)} ms (p50 / p99)."
    ]


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def in_changelog(text: str, found: dict[str, Any]) -> str:
    """The same text with the rate and the ratio of this run."""
    seen = figures(found["rows"])
    ours, theirs = seen.get(("durable-publishers.messages_per_s", OURS)), best(seen, "durable-publishers")
    if ours is None or theirs is None:
        return text
    return RATIO.sub(rf"{ours:,.0f}\g<2>{ours / theirs:.2f}\g<4>", text)
