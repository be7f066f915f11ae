"""The result as a page for a person: what each number means stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.cases import BY_NAME, UNITS, Case
from benchmarks.contestants import AGAIN
from benchmarks.report import BASE, NOISE, Row

Column = tuple[str, int, Callable[[Row], str]]


def page(found: dict[str, Any]) -> str:
    """All cases of the run, then what the targets say."""
    measured = {row["case"] for row in (*found["rows"], *found["void"], *found["absent"])}
    lines = _head(found)
    for case in BY_NAME.values():
        if case.name in measured:
            lines += ["", *_case(case, found)]
    return "\n".join([*lines, "", *_noise(found), "", *map(verdict, found["targets"])])


def _head(found: dict[str, Any]) -> list[str]:
    step = found["calibration_us"]
    return [
        f"median of {found['repetitions']} runs, each in a fresh process, MQTT 5; CPython {found['python']}, "
        f"{found['cores']} cores",
        "  CPU     µs per message, user + system of the client process, from CONNACK to the end named",
        "  steps   the same in steps of a calibration loop timed in the same process "
        f"(a step: {step['median']:.4f} µs, {step['lowest']:.4f} to {step['highest']:.4f})",
        "  busy    share of the wall time in which the client ran: near 100 % it is the bottleneck",
        "  server  CPU of the server, µs per message",
        f"  files   of those who have them: in the checkout, on {found['filesystem']}",
    ]


def _case(case: Case, found: dict[str, Any]) -> list[str]:
    rows = [row for row in found["rows"] if row["case"] == case.name]
    size = f" of {case.payload_bytes:,} bytes" if case.server else ""
    messages = case.messages if case.per_s else int(case.messages * found["share"])
    count = f"{messages:,} messages{size}; " if messages else ""
    return [
        f"{case.name} [{UNITS[case.kind]}]: {count}{case.ends}",
        *_table(rows, _COLUMNS.get(case.kind, _OTHER)),
        *(f"  {one['client']:<24}void: {one['why']}" for one in found["void"] if one["case"] == case.name),
        *_absent(case.name, found["absent"]),
        *(f"    {row['client']}: {row['how']}" for row in rows if row["how"] and row["client"] != AGAIN),
    ]


def _absent(case: str, absent: list[dict[str, str]]) -> list[str]:
    """Those not measured for the same reason in one line."""
    reasons: dict[str, list[str]] = {}
    for one in absent:
        if one["case"] == case:
            reasons.setdefault(one["why"], []).append(one["client"])
    return [f"  not measured: {', '.join(clients)}: {why}" for why, clients in reasons.items()]


def _range(row: Row) -> str:
    return f"{min(row['runs']):.2f} - {max(row['runs']):.2f}"


def _more(name: str, form: str = ".2f") -> Callable[[Row], str]:
    return lambda row: format(row["more"][name], form) if name in row["more"] else ""


def _busy(row: Row) -> str:
    return f"{row['more']['cpu_us'] * row['more']['messages_per_s'] / 1e6:.0%}"


_CPU: tuple[Column, ...] = (
    ("CPU", 8, lambda row: f"{row['figure']:.2f}"),
    ("(range)", 18, _range),
    ("user", 8, _more("user_us")),
    ("system", 8, _more("sys_us")),
    ("steps", 8, lambda row: f"{row['steps']}" if row["steps"] else ""),
    ("msg/s", 11, _more("messages_per_s", ",.0f")),
    ("busy", 7, _busy),
    ("server", 8, _more("server_us")),
)
_MEDIAN: tuple[Column, ...] = (("median", 10, lambda row: f"{row['figure']:.2f}"), ("(range)", 20, _range))
_OTHER: tuple[Column, ...] = (*_MEDIAN, ("p99 ms", 9, _more("p99_ms")), ("CPU", 9, _more("cpu_us")))
_RATE: tuple[Column, ...] = (
    *_MEDIAN,
    ("msg/s", 11, _more("messages_per_s", ",.0f")),
    ("CPU", 9, _more("cpu_us")),
    ("server", 8, _more("server_us")),
)
_ACCEPTED: tuple[Column, ...] = (
    *_MEDIAN,
    ("p99", 8, _more("p99_ms")),
    ("p99.9", 8, _more("p999_ms")),
    ("lag", 8, _more("lag_p999_ms")),
    ("again", 8, _more("overwrite_ms")),
    ("msg/s", 11, _more("messages_per_s", ",.0f")),
    ("CPU", 9, _more("cpu_us")),
)
_BACKLOG: tuple[Column, ...] = (
    *_RATE,
    ("queued MB", 11, _more("queued_mb", ".1f")),
    ("peak MB", 9, _more("peak_mb", ".1f")),
    ("reopen s", 10, _more("reopen_s")),
    ("p50 ms", 8, _more("p50_ms")),
    ("p99 ms", 8, _more("p99_ms")),
)
_INTO: tuple[Column, ...] = (
    ("median", 8, lambda row: f"{row['figure']:.2f}"),
    ("(range)", 18, _range),
    ("CPU", 8, _more("cpu_us")),
    ("msg/s", 11, _more("messages_per_s", ",.0f")),
    ("busy", 7, _busy),
    ("server", 8, _more("server_us")),
)
_COLUMNS: dict[str, tuple[Column, ...]] = {
    "publish": _CPU,
    "receive": _CPU,
    "durable": _RATE,
    "accept": _ACCEPTED,
    "backlog": _BACKLOG,
    "ingest": _INTO,
}


def _table(rows: Iterable[Row], columns: tuple[Column, ...]) -> list[str]:
    rows = list(rows)
    base = next((row["figure"] for row in rows if row["client"] == BASE), None)
    lines = [" " * 28 + "".join(f"{name:>{width}}" for name, width, _ in columns) + f"{f'x {BASE}':>9}"]
    for row in rows:
        cells = "".join(f"{text(row):>{width}}" for _, width, text in columns)
        ratio = f"{row['figure'] / base:.2f}" if base else ""
        lines.append(f"  {row['client']:<26}{cells}{ratio:>9}")
    return lines


def _noise(found: dict[str, Any]) -> list[str]:
    pairs = ", ".join(f"{case} {ratio:.2f}" for case, ratio in found["again"].items())
    return [
        f"A/A, {AGAIN} / {BASE}: {pairs or 'not measured'}",
        f"   what differs there is noise; differences under {NOISE:.0%} mean nothing",
    ]


def verdict(one: dict[str, Any]) -> str:
    """One target, or one row of the gate."""
    limit = "" if one["limit"] is None else f" at most {one['limit']:g}"
    if one["kept"] is None:
        return f"  NOT CHECKED         {one['what']}{limit}"
    return f"  {'kept' if one['kept'] else 'BROKEN':<8} {one['reached']:>8.2f}   {one['what']}{limit}"
