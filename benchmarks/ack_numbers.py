"""Payloads that say which message they are, and who sees whether they come in order."""

from __future__ import annotations

TOPIC = "numbered"
"""The ack server looks at the payloads of this topic."""

_DIGITS = 8


def numbered(number: int, size: int) -> bytes:
    """The payload of this message."""
    return b"%0*d" % (_DIGITS, number) + b"x" * (size - _DIGITS)


class Numbers:
    """Counts from zero; what is not the next number is out of order, and so is one that comes twice."""

    def __init__(self) -> None:
        self._next = 0
        self.in_order = True

    def came(self, data: bytes, first: int, length: int, packets: int) -> None:
        """So many payloads, the first at `first` and each `length` bytes after the one before."""
        for at in range(first, first + packets * length, length):
            self.in_order = self.in_order and int(data[at : at + _DIGITS]) == self._next
            self._next += 1
