"""No statement test is vacuous: with the statement taken out of the core, its test fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.codec import Version
from tests.conformance.listing import Check, statements, table, versions
from tests.conformance.planting import Removal
from tests.conformance.removals import REMOVALS

CASES = [
    pytest.param(check, version, removal, id=f"{name}, {version}, {number}")
    for name, _, check in statements()
    for version in versions(check)
    for number, removal in enumerate(REMOVALS.get(name, ()))
]


@pytest.mark.parametrize(("check", "version", "removal"), CASES)
def test_a_statement_fails_when_it_is_removed(check: Check, version: Version, removal: Removal) -> None:
    """The same test that passes on the core fails on the core without the behaviour."""
    with pytest.MonkeyPatch.context() as patch:
        removal(patch)
        with pytest.raises(AssertionError):
            check(version)


def test_each_statement_has_a_removal() -> None:
    """And no removal is left over from a statement that went."""
    assert set(REMOVALS) == {name for name, _, _ in statements()}
    assert all(REMOVALS.values())


def test_the_listing_is_true() -> None:
    """README.md names each statement with its test and claim."""
    readme = Path(__file__).with_name("README.md").read_text("utf-8")
    assert table() in readme
