"""The picture of a run: bars in the order of their cost, on an axis on which a factor is a distance."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.chart import picture, shown

SVG = "{http://www.w3.org/2000/svg}"


def row(client: str, figure: float) -> dict[str, Any]:
    return {"case": "receive-qos0", "client": client, "figure": figure, "runs": [figure]}


def drawn(*costs: tuple[str, float], lost: tuple[str, ...] = ()) -> str:
    rows = [row(client, cost) for client, cost in costs]
    void = [{"case": "receive-qos0", "client": client, "why": "lost"} for client in lost]
    return picture({"rows": rows, "void": void, "python": "3.11", "repetitions": 5})


def test_the_cheapest_comes_first_and_the_void_last() -> None:
    """Whatever the order of the run; a client that lost messages has no bar but a word."""
    text = drawn(("gmqtt", 9.0), ("holdfast", 2.0), lost=("aiomqtt 3 alpha",))
    places = [text.index(f">{name}<") for name in ("holdfast", "gmqtt", "aiomqtt 3 alpha")]
    assert places == sorted(places)
    assert "void: it lost messages" in text


def test_a_factor_is_a_distance() -> None:
    """From 2 to 4 is as far as from 20 to 40."""
    text = drawn(("holdfast", 2.0), ("gmqtt", 4.0), ("mqttium", 20.0), ("paho", 40.0))
    bars = [float(wide) for wide in re.findall(r'width="([\d.]+)" height="13"', text)]
    assert bars[1] - bars[0] == pytest.approx(bars[3] - bars[2], abs=0.2)


def test_it_is_well_formed_and_follows_the_colour_scheme() -> None:
    """An SVG with its own ground, for a light page and a dark one."""
    text = drawn(("holdfast", 2.0))
    assert ElementTree.fromstring(text).tag == f"{SVG}svg"
    assert "prefers-color-scheme: dark" in text
    assert 'class="ground"' in text


@pytest.mark.parametrize(("cost_us", "words"), [(1.234, "1.2"), (49.94, "49.9"), (98.4, "98")])
def test_figures_are_shown_as_documents_quote_them(cost_us: float, words: str) -> None:
    """One decimal below fifty, none above."""
    assert shown(cost_us) == words
