"""The figures that documents quote are those of the kept benchmark run."""

from __future__ import annotations

from benchmarks import chart, quoted
from benchmarks.targets import TARGETS
from tests.project.source import ROOT
from tests.recovery import report
from tests.recovery.verdict import Row


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


def test_the_page_about_recovery_quotes_the_kept_run() -> None:
    """The table in docs/recovery.md is that of benchmarks/results/recovery.json, with every fault in it."""
    found, page = report.kept(), report.PAGE.read_text("utf-8")
    assert report.quoted(page, found) == page
    assert set(report.ORDER) < set(found)


def test_the_pictures_of_recovery_are_of_the_kept_run() -> None:
    """Both were drawn from it by the code that is here."""
    for path, drawn in report.pictures(report.kept()).items():
        assert path.read_text("utf-8") == drawn


def test_what_is_quoted_kept_its_promises() -> None:
    """No figure in the table is beyond its limit."""
    found = report.kept()
    assert [words for name in report.ORDER for words in Row(**found[name]).broken(loaded=False)] == []
