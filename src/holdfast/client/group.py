"""The receipt of a group, whose messages are on one page or on several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from holdfast.client.page import ACKNOWLEDGED, PENDING, SIZE, Page, State
from holdfast.client.receipt import Receipt
from holdfast.errors import PublishFailed

if TYPE_CHECKING:
    from holdfast.client.receipts import Receipts


class Group(Receipt):
    """The ticket for a group: it ends with the last of its messages, and fails with any of them.

    It counts nothing: how its messages ended is looked up when it is asked, so that two threads may end
    them without a word to each other. Places count through its pages here; those from ``_end`` on have
    ended, and are not looked at again.
    """

    __slots__ = ("_count", "_end", "_pages")

    def __init__(self, book: Receipts, pages: Sequence[Page], place: int, count: int) -> None:
        self._book = book  # not by way of super(), which would be a third of the cost
        self._page = pages[0]
        self._place = place
        self.commit = 0
        self._pages = pages
        self._count = count
        self._end = place + count

    @property
    def maybe_duplicate(self) -> bool:
        """Whether it may have arrived twice."""
        return any(start <= place < end for page, start, end in self._spans() for place in page.uncertain)

    def _spans(self) -> Iterator[tuple[Page, int, int]]:
        """Its messages: from this place of a page up to that one."""
        start, end = self._place, self._place + self._count
        for page in self._pages:
            yield page, start, min(SIZE, end)
            start, end = 0, end - SIZE

    def _open(self) -> int | None:
        end = self._end
        while end > self._place:
            before = (end - 1) // SIZE * SIZE
            page = self._pages[before // SIZE]
            place = page.states.rfind(PENDING, max(0, self._place - before), end - before)
            if place >= 0:
                self._end = before + place + 1
                return page.first + place
            end = before
        self._end = self._place
        return None

    def _result(self) -> State:
        if self._open() is not None:
            return "pending"
        if self._failures():
            return "failed"
        acknowledged = any(page.states.find(ACKNOWLEDGED, *span) >= 0 for page, *span in self._spans())
        return "acknowledged" if acknowledged or not self._count else "sent"

    def _check_result(self) -> None:
        failures = self._failures()
        if failures:
            raise PublishFailed.of_group([(index, failure()) for index, failure in failures])

    def _failures(self) -> list[tuple[int, Callable[[], PublishFailed]]]:
        """By index."""
        return [
            (page.first + place - self.id, page.failures[place])
            for page, start, end in self._spans()
            if page.failures
            for place in sorted(page.failures)
            if start <= place < end
        ]
