"""Measurements as pictures: plain SVG on a ground of its own, which follows the reader's colour scheme."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.recovery.outage import Outage

WIDTH, LEFT, RIGHT = 860, 64, 24

STYLE = """
  .ground { fill: #ffffff; } .grid { stroke: #d8dee4; } path { fill: none; }
  text { fill: #1f2328; font: 12.5px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
  .title { font-size: 17px; font-weight: 650; } .soft { fill: #59636e; } .away { fill: #fde2e1; }
  .accepted { stroke: #a9b4c0; stroke-width: 6; } .arrived { stroke: #1a7f4b; stroke-width: 2.2; }
  .waiting { stroke: #b45309; stroke-width: 2.2; } .dialled { fill: #b45309; } .back { fill: #1a7f4b; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } .grid { stroke: #2b323b; } text { fill: #e6edf3; } .soft { fill: #9198a1; }
    .away { fill: #3d1a1c; } .accepted { stroke: #6b7683; } .arrived { stroke: #2fb672; }
    .waiting { stroke: #e0913a; } .dialled { fill: #e0913a; } .back { fill: #2fb672; }
  }
"""


class Panel(NamedTuple):
    """A stretch of time above its axis, from 0 to the highest value."""

    until_s: float
    most: int
    top: float
    height: float

    def x(self, at_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at_s / self.until_s

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - value / self.most)

    def line(self, kind: str, at_s: Sequence[float], values: Sequence[int]) -> str:
        """One value after the other."""
        places = "L".join(
            f"{self.x(at):.1f} {self.y(value):.1f}" for at, value in zip(at_s, values, strict=True)
        )
        return f'<path class="{kind}" d="M{places}"/>'

    def bars(self, kind: str, counts: Iterable[tuple[float, int]], wide_s: float) -> Iterator[str]:
        """Each from where it begins."""
        for at, count in counts:
            wide = self.x(wide_s) - LEFT - 0.6
            yield (
                f'<rect class="{kind}" x="{self.x(at):.1f}" y="{self.y(count):.1f}" width="{wide:.1f}" '
                f'height="{self.y(0) - self.y(count):.1f}"/>'
            )

    def axis(self, every_s: int) -> Iterator[str]:
        """The ground line with its seconds, and how high it is."""
        bottom = self.y(0)
        yield f'<path class="grid" d="M{LEFT} {bottom:.1f}H{WIDTH - RIGHT}"/>'
        yield text(LEFT - 8, self.top + 10, f"{self.most:,}", "soft", "end")
        for second in range(0, int(self.until_s) + 1, every_s):
            yield text(self.x(second), bottom + 17, f"{second} s", "soft", "middle")

    def away(self, since_s: float, until_s: float) -> str:
        """The time without a broker."""
        left, right = self.x(since_s), self.x(until_s)
        return (
            f'<rect class="away" x="{left:.1f}" y="{self.top:.1f}" width="{right - left:.1f}" '
            f'height="{self.height:.1f}"/>'
        )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _document(title: str, about: str, height: float, parts: Iterable[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height:g}" rx="10"/>',
        text(LEFT, 30, title, "title"),
        text(LEFT, 50, about, "soft"),
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def outage(seen: Outage) -> str:
    """Accepted steadily, arrived catches up; below, the outbox rises and falls."""
    until_s = seen.at_s[-1]
    upper = Panel(until_s, max(seen.accepted), 66, 170)
    lower = Panel(until_s, max(seen.waiting), 276, 90)
    parts = [
        *(panel.away(seen.began_s, seen.ended_s) for panel in (upper, lower)),
        upper.line("accepted", seen.at_s, seen.accepted),
        upper.line("arrived", seen.at_s, seen.arrived),
        lower.line("waiting", seen.at_s, seen.waiting),
        *upper.axis(5),
        *lower.axis(5),
        text(LEFT + 10, 86, "accepted (grey), arrived at a subscriber (green)"),
        text(LEFT + 10, 292, "waiting in the outbox file"),
        text(upper.x(seen.began_s) + 8, 226, "no broker", "soft"),
    ]
    about = f"{seen.accepted[-1]:,} accepted, {seen.arrived[-1]:,} arrived; mosquitto ended and started again"
    return _document("One outage: publish goes on, and everything arrives", about, 400, parts)


def herd(clients: int, bin_s: float, dials: Sequence[int], back_s: Sequence[float]) -> str:
    """Dials in each tenth of a second while the broker is away, and who is accepted when it is back."""
    away_s = len(dials) * bin_s
    back = Counter(int(at / bin_s) for at in back_s if at >= 0)
    panel = Panel(ceil(away_s + 2), max(*dials, *back.values()), 66, 180)
    parts = [
        panel.away(0, away_s),
        *panel.bars("dialled", ((number * bin_s, count) for number, count in enumerate(dials)), bin_s),
        *panel.bars("back", ((away_s + number * bin_s, back[number]) for number in sorted(back)), bin_s),
        *panel.axis(5),
    ]
    about = f"in each {bin_s:g} s: dials from its kill -9 on (orange), accepted when it is back (green)"
    return _document(f"{clients} clients lose their broker: no two of them in step", about, 284, parts)
