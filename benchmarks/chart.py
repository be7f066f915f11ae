"""The main cases as a picture: CPU per message as bars on one logarithmic axis, a panel for each case.

A plain SVG, written without a library. It brings its own ground and follows the reader's colour scheme, so
that it can be read on a light page and on a dark one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from benchmarks.targets import ALPHA, LIBMOSQUITTO, OURS

PANELS = {
    "publish-qos1-bulk": "publish QoS 1, in bulk",
    "publish-qos1-awaited": "publish QoS 1, each acknowledgement awaited",
    "publish-qos2-bulk": "publish QoS 2, in bulk",
    "receive-qos0": "receive QoS 0",
    "receive-qos1": "receive QoS 1",
    "receive-qos1-mosquitto": "receive QoS 1, through mosquitto under load",
}
CLIENTS = (
    OURS,
    "gmqtt",
    "gmqtt (async handler)",
    "mqttium",
    ALPHA,
    "aiomqtt 2",
    "paho",
    "awscrt",
    LIBMOSQUITTO,
)
_NATIVE = {ALPHA, "awscrt", LIBMOSQUITTO}
"""Those with a compiled codec or client inside."""

_WIDTH, _MARGIN, _GAP = 980, 28, 44
_COLUMN = (_WIDTH - 2 * _MARGIN - _GAP) / 2
_NAMES, _VALUES = 148, 44
_HEAD, _PANEL_HEAD, _BAR, _FOOT = 92, 34, 19, 40
_LOWEST_US, _HIGHEST_US = 1.0, 200.0
_TICKS = (1, 3, 10, 30, 100)

_STYLE = """
  .ground { fill: #ffffff; } .grid { stroke: #d8dee4; } .range { stroke: #1f2328; stroke-opacity: .55; }
  text { fill: #1f2328; font: 12.5px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
  .title { font-size: 19px; font-weight: 650; } .panel { font-size: 14px; font-weight: 650; }
  .soft { fill: #59636e; } .tick { font-size: 10.5px; } .strong { font-weight: 700; }
  .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
  .ours { fill: #1a7f4b; } .python { fill: #a9b4c0; } .native { fill: #7ba0d4; } .lost { fill: #b42318; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } .grid { stroke: #2b323b; } .range { stroke: #e6edf3; }
    text { fill: #e6edf3; } .soft { fill: #9198a1; } .value { stroke: #0d1117; }
    .ours { fill: #2fb672; } .python { fill: #6b7683; } .native { fill: #4d78b8; } .lost { fill: #ff8f84; }
  }
"""


class Bar(NamedTuple):
    client: str
    cost_us: float | None
    """None: what it delivered is not what was sent."""
    lowest_us: float = 0.0
    highest_us: float = 0.0


def save(found: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture(found), "utf-8")


def picture(found: dict[str, Any]) -> str:
    """The run as an SVG document."""
    panels = [(title, bars) for case, title in PANELS.items() if (bars := _bars(found, case))]
    rows = [panels[at : at + 2] for at in range(0, len(panels), 2)]
    heights = [_PANEL_HEAD + _BAR * max(len(bars) for _, bars in row) + _FOOT for row in rows]
    height = _HEAD + sum(heights)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>CPU per message of Holdfast and its peers</title><style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="10"/>',
        *_header(found),
    ]
    for number, row in enumerate(rows):
        top = _HEAD + sum(heights[:number])
        for column, (title, bars) in enumerate(row):
            parts += _panel(_MARGIN + column * (_COLUMN + _GAP), top, title, bars)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bars(found: dict[str, Any], case: str) -> list[Bar]:
    """Cheapest first; who lost messages stands last."""
    rows = [row for row in found["rows"] if row["case"] == case and row["client"] in CLIENTS]
    lost = [one for one in found["void"] if one["case"] == case and one["client"] in CLIENTS]
    bars = [Bar(row["client"], row["figure"], min(row["runs"]), max(row["runs"])) for row in rows]
    bars.sort(key=lambda bar: bar.cost_us or 0.0)
    return [*bars, *(Bar(one["client"], None) for one in lost)]


def _header(found: dict[str, Any]) -> Iterator[str]:
    yield _text(_MARGIN, 36, "CPU per message, in µs on a log scale: shorter is better", "title")
    about = (
        f"user + system time of the client process; 64-byte payloads on MQTT 5, CPython {found['python']}; "
        f"median and range of {found['repetitions']} runs"
    )
    yield _text(_MARGIN, 57, about, "soft")
    x = _MARGIN
    for kind, words in (("ours", "Holdfast"), ("python", "pure Python"), ("native", "C or Rust inside")):
        yield f'<rect class="{kind}" x="{x}" y="69" width="11" height="11" rx="2"/>'
        yield _text(x + 17, 79, words, "soft")
        x += 34 + 7 * len(words)


def _panel(left: float, top: float, title: str, bars: Sequence[Bar]) -> Iterator[str]:
    bottom = top + _PANEL_HEAD + _BAR * len(bars)
    yield _text(left, top + 22, title, "panel")
    for tick in _TICKS:
        x = _x(left, tick)
        yield f'<path class="grid" d="M{x:.1f} {top + _PANEL_HEAD - 2:.1f}V{bottom + 2:.1f}"/>'
        yield _text(x, bottom + 15, f"{tick}", "soft tick", "middle")
    for number, bar in enumerate(bars):
        yield from _drawn(left, top + _PANEL_HEAD + _BAR * number, bar)


def _drawn(left: float, top: float, bar: Bar) -> Iterator[str]:
    middle = top + _BAR / 2
    strong = " strong" if bar.client == OURS else ""
    yield _text(left + _NAMES - 8, middle + 4, bar.client, strong.strip(), "end")
    if bar.cost_us is None:
        yield _text(left + _NAMES + 6, middle + 4, "void: it lost messages", "lost")
        return
    kind = "ours" if bar.client == OURS else "native" if bar.client in _NATIVE else "python"
    start, end = _x(left, _LOWEST_US), _x(left, bar.cost_us)
    low, high = _x(left, bar.lowest_us), _x(left, bar.highest_us)
    yield (
        f'<rect class="{kind}" x="{start:.1f}" y="{top + 3:.1f}" width="{max(1.0, end - start):.1f}" '
        f'height="{_BAR - 6}" rx="2"/>'
    )
    yield f'<path class="range" d="M{low:.1f} {middle:.1f}H{high:.1f}"/>'
    yield _text(max(end, high) + 6, middle + 4, shown(bar.cost_us), f"value{strong}")


def _x(left: float, cost_us: float) -> float:
    """The place of a cost on the axis of a panel, within its ends."""
    inside = min(max(cost_us, _LOWEST_US), _HIGHEST_US)
    share = math.log(inside / _LOWEST_US) / math.log(_HIGHEST_US / _LOWEST_US)
    return left + _NAMES + share * (_COLUMN - _NAMES - _VALUES)


def shown(cost_us: float) -> str:
    """A figure as the documents quote it."""
    return f"{cost_us:.1f}" if cost_us < 50 else f"{cost_us:.0f}"


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{style} x="{x:.1f}" y="{y:.1f}"{where}>{escape(words)}</text>'
