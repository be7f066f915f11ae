"""The figures that documents quote are those of the kept benchmark run."""

from __future__ import annotations

from benchmarks import chart, quoted
from benchmarks.targets import TARGETS
from tests.project.source import ROOT


def test_the_readme_quotes_the_kept_run() -> None:
    """The table in the README is the one that benchmarks/results/bench.json makes."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert quoted.in_readme(readme, quoted.kept()) == readme


def test_the_changelog_quotes_the_kept_run() -> None:
    """The ratios to gmqtt in the changelog are those of the same run."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert quoted.in_changelog(changelog, quoted.kept()) == changelog
    assert len(quoted.RATIOS.findall(changelog)) == 1


def test_the_picture_is_of_the_kept_run() -> None:
    """docs/pictures/cost.svg was drawn from benchmarks/results/bench.json by the code that is here."""
    drawn = (ROOT / "docs/pictures/cost.svg").read_text("utf-8")
    assert chart.picture(quoted.kept()) == drawn


def test_the_kept_run_has_both_sides_of_the_gate() -> None:
    """Every target was measured, so that the gate has a limit for it, or the run says why not."""
    run = quoted.kept()
    told = {(one["case"], one["client"]) for one in (*run["absent"], *run["void"])}
    unmeasured = [
        target for target, one in zip(TARGETS, run["targets"], strict=True) if one["reached"] is None
    ]
    assert [
        target for target in unmeasured if not told & {(target.case, peer) for peer in target.peers}
    ] == []
