"""Many rows in few statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox.statements import AT_ONCE
from holdfast.protocol import Failed
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import letters, open_outbox, query, write

SIZES = [1, AT_ONCE[1] - 1, AT_ONCE[1], AT_ONCE[0] + AT_ONCE[1] + 1, 3 * AT_ONCE[0]]


@pytest.mark.parametrize("count", SIZES)
def test_a_group_of_any_size_goes_in_whole(path: Path, count: int) -> None:
    """By hundreds, by tens and one by one: each row once, under its own number."""
    outbox = open_outbox(path)
    wait(outbox, outbox.accept([Outgoing(0, f"t/{n}", b"", 1) for n in range(1, count + 1)]))
    outbox.close()
    found = query(path, "SELECT id, topic FROM message ORDER BY id")
    assert found == [(n, f"t/{n}") for n in range(1, count + 1)]


@pytest.mark.parametrize("count", SIZES)
def test_dead_letters_of_any_number_keep_their_order(path: Path, count: int) -> None:
    """Refused together they lie in the order in which they were refused, each once."""
    outbox = open_outbox(path)
    rows = [Outgoing(0, f"t/{n}", b"", 1) for n in range(1, count + 1)]
    wait(outbox, outbox.accept(rows))
    rows.reverse()
    write(outbox, *(Failed(row, 0x97, "") for row in rows))
    assert [letter.topic for letter in letters(outbox)] == [row.topic for row in rows]
    outbox.close()
