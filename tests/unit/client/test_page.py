"""Pages: where the states of messages are, and for how long."""

from __future__ import annotations

from weakref import ref

import pytest

from holdfast.client.page import PENDING, SIZE, STATES, SWEEP, Page, Pages


def states(*pages: Page) -> dict[int, str]:
    """What has ended on these, by number."""
    return {
        page.first + place: STATES[code]
        for page in pages
        for place, code in enumerate(page.states)
        if code != PENDING
    }


def test_numbers_share_a_page() -> None:
    """As many as it has places, from a multiple of that on; none is made twice while it is there."""
    pages = Pages()
    first, last, next_one = (pages.at(seq) for seq in (1, SIZE - 1, SIZE))
    assert first is last
    assert (first.first, next_one.first) == (0, SIZE)
    assert pages.at(5) is first
    assert pages.newest is first
    assert [pages.find(seq) for seq in (0, SIZE - 1, SIZE, 2 * SIZE)] == [first, first, next_one, None]


@pytest.mark.parametrize(
    ("first", "end"),
    [(1, 2), (0, SIZE), (SIZE - 1, SIZE + 1), (SIZE, 2 * SIZE), (3, 3 * SIZE - 3), (7, 7)],
)
def test_a_run_is_marked_from_its_first_to_its_last(first: int, end: int) -> None:
    """Within a page and over its borders; nothing beside it."""
    pages = Pages()
    held = [pages.at(seq) for seq in range(0, 3 * SIZE, SIZE)]
    pages.mark(first, end, "acknowledged")
    assert states(*held) == dict.fromkeys(range(first, end), "acknowledged")


def test_single_ones_are_marked_wherever_they_are() -> None:
    """In any order, over several pages."""
    pages = Pages()
    held = [pages.at(seq) for seq in range(0, 3 * SIZE, SIZE)]
    seqs = [2 * SIZE, 1, SIZE - 1, 3, 3 * SIZE - 1, SIZE]
    pages.mark_each(seqs, "sent")
    assert states(*held) == dict.fromkeys(seqs, "sent")


def test_a_page_that_nobody_holds_is_gone() -> None:
    """But for the newest; that messages end which were on it is no error."""
    pages = Pages()
    gone = ref(pages.at(1))
    assert gone() is pages.newest
    kept = pages.at(SIZE)
    pages.at(2 * SIZE)
    assert gone() is None
    pages.mark(1, 3 * SIZE, "acknowledged")
    pages.mark_each([1, SIZE - 1], "sent")
    assert pages.find(1) is None
    assert set(states(kept)) == set(range(SIZE, 2 * SIZE))


def test_pages_that_are_gone_leave_little() -> None:
    """However many there were, only so many references are left; those that are held are all there."""
    pages, held, most = Pages(), list[Page](), 0
    for number in range(20 * SWEEP):
        page = pages.at(number * SIZE)
        if number % 20 == 0:
            held.append(page)
        most = max(most, len(pages) - 2 * len(held))
    assert most <= SWEEP + 1
    assert [pages.find(page.first) for page in held] == held
