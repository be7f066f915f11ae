"""Which rows are not to be read back."""

from __future__ import annotations

from holdfast.client.row_numbers import RowNumbers


def test_what_is_in_memory_is_not_read_back() -> None:
    """Until its row has left the file, or it is in the file alone again."""
    numbers = RowNumbers()
    numbers.came(1)
    numbers.came(2)
    assert 1 in numbers
    assert 3 not in numbers
    numbers.left([1])
    numbers.given_back(2)
    assert 1 not in numbers
    assert 2 not in numbers


def test_what_is_being_read_may_be_from_before() -> None:
    """A row that has left meanwhile counts until all who read have looked at what they found."""
    numbers = RowNumbers()
    numbers.came(1)
    numbers.begin()
    numbers.begin()
    numbers.left([1])
    numbers.end()
    assert 1 in numbers
    numbers.end()
    assert 1 not in numbers
