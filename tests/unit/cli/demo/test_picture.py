"""The picture of a run: well-formed, on one time axis, with a band for every fault."""

from __future__ import annotations

from xml.etree import ElementTree

from holdfast.cli.demo.picture import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Sample, picture
from holdfast.cli.demo.plan import Fault
from holdfast.cli.demo.report import Recovery

SVG = "{http://www.w3.org/2000/svg}"
SAMPLES = [Sample(0.0, 0, 0, 0), Sample(5.0, 500, 300, 200), Sample(10.0, 1000, 1000, 0)]
FREEZE = Recovery(Fault("freeze", 4.0, 1.0), 0.5, 1.0, 200, "keepalive")


def drawn(samples: list[Sample], recoveries: list[Recovery]) -> ElementTree.Element:
    return ElementTree.fromstring(picture(samples, recoveries, "a < b & c"))


def test_lines_run_over_the_whole_time() -> None:
    """Three lines: published and stored end at the same point when nothing was lost."""
    lines = [line.get("points", "").split() for line in drawn(SAMPLES, []).iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 3, 3]
    assert lines[0][-1] == lines[1][-1] == f"{WIDTH - RIGHT:.1f},{TOP:.1f}"
    assert all(points[0].startswith(f"{LEFT:.1f},") for points in lines)


def test_a_fault_is_a_band_from_its_begin_to_the_recovery() -> None:
    """A freeze from 4 s, of 1 s, back after 1 s more: a fifth of the width of ten seconds."""
    band = list(drawn(SAMPLES, [FREEZE]).iter(f"{SVG}rect"))[1]
    assert float(band.get("x", "0")) == LEFT + (WIDTH - LEFT - RIGHT) * 0.4
    assert float(band.get("width", "0")) == (WIDTH - LEFT - RIGHT) * 0.2
    assert "freeze" in [text.text for text in drawn(SAMPLES, [FREEZE]).iter(f"{SVG}text")]


def test_words_are_escaped_and_inside() -> None:
    """A broker's name may hold anything; all that is drawn is inside the picture."""
    texts = list(drawn(SAMPLES, [FREEZE]).iter(f"{SVG}text"))
    assert texts[0].text == "a < b & c"
    assert all(0 <= float(text.get("y", "-1")) <= HEIGHT for text in texts)


def test_a_run_without_samples_is_an_empty_picture() -> None:
    """A run that ended at once divides nothing by zero."""
    assert [line.get("points") for line in drawn([], []).iter(f"{SVG}polyline")] == ["", "", ""]
