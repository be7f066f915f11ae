"""Every row of the tables of errors is provoked on real sockets (contract 29)."""

from __future__ import annotations

from tests.integration.verdicts import test_cut_off, test_files, test_own_side, test_tcp, test_transports
from tests.support.provoking import ROWS


def test_every_row_is_provoked() -> None:
    """A row that no test brings about may never be met: a wrong class or number would not be noticed."""
    provoked = [row for _, row in {**test_tcp.PROVOKED, **test_transports.PROVOKED}.values()]
    provoked += [row for _, row in test_own_side.PROVOKED.values()]
    assert {*provoked, *test_cut_off.PROVOKED.values(), *test_files.PROVOKED.values()} == set(ROWS)
