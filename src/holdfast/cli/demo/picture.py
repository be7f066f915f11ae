"""One run as a picture: published steadily, the outboxes filling and emptying, stored catching up.

A plain SVG, written without a library: two panels on one time axis, and a band for every fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from holdfast.cli.demo.report import Recovery

WIDTH, HEIGHT = 860, 340
LEFT, RIGHT, TOP = 60, 20, 44
MESSAGES, OUTBOX = 150, 70
GAP = 34


class Sample(NamedTuple):
    """The counts at one moment of the run."""

    at_s: float
    published: int
    stored: int
    waiting: int


def picture(samples: Sequence[Sample], recoveries: Sequence[Recovery], title: str) -> str:
    """The run as an SVG document."""
    end_s = max((sample.at_s for sample in samples), default=0.0) or 1.0
    most = max((sample.published for sample in samples), default=0) or 1
    peak = max((sample.waiting for sample in samples), default=0) or 1
    upper, lower = TOP + MESSAGES, TOP + MESSAGES + GAP + OUTBOX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 20, title, "#222222", size=14),
        *(_band(recovery, end_s, lower) for recovery in recoveries),
        _line([(s.at_s, s.published) for s in samples], end_s, most, upper, MESSAGES, "#9aa5b1", 5),
        _line([(s.at_s, s.stored) for s in samples], end_s, most, upper, MESSAGES, "#1f7a4d", 2),
        _line([(s.at_s, s.waiting) for s in samples], end_s, peak, lower, OUTBOX, "#b45309", 2),
        _text(LEFT + 8, TOP + 16, "published (grey) and stored (green)", "#222222"),
        _text(LEFT + 8, upper + GAP - 6, "waiting in the outboxes", "#b45309"),
        *_axis(end_s, most, peak, upper, lower),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(at_s: float, end_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at_s / end_s


def _line(
    points: Sequence[tuple[float, int]],
    end_s: float,
    most: int,
    bottom: int,
    height: int,
    colour: str,
    width: int,
) -> str:
    places = " ".join(f"{_x(at, end_s):.1f},{bottom - height * value / most:.1f}" for at, value in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _band(recovery: Recovery, end_s: float, bottom: int) -> str:
    fault = recovery.fault
    left = _x(fault.at_s, end_s)
    wide = max(3.0, _x(fault.at_s + fault.away_s + (recovery.back_s or 0.0), end_s) - left)
    band = f'<rect x="{left:.1f}" y="{TOP}" width="{wide:.1f}" height="{bottom - TOP}" fill="#fde2e1"/>'
    return band + _text(left, TOP - 6, fault.kind, "#b42318")


def _axis(end_s: float, most: int, peak: int, upper: int, lower: int) -> list[str]:
    parts = [
        _text(4, TOP + 12, f"{most:,}", "#555555"),
        _text(4, lower - OUTBOX + 12, f"{peak:,}", "#555555"),
    ]
    for bottom in (upper, lower):
        parts.append(f'<path d="M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="#555555"/>')
    step = 5 if end_s > 12 else 1
    parts += [
        _text(_x(at, end_s) - 6, lower + 18, f"{at} s", "#555555") for at in range(0, int(end_s) + 1, step)
    ]
    return parts


def _text(x: float, y: float, words: str, colour: str, size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}">{escape(words)}</text>'
