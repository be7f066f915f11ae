"""Which rows are in flight, under which identifier, as one line of the file per group (contract X9).

A line has a number, a stage, and the group's rows as runs: sequence numbers and packet identifiers
that count up together. The newest line that names a row is right. A line whose rows have all
moved on or ended is deleted; what a living line says of a row that has ended means nothing,
because the row itself is gone. So a group costs one INSERT and one DELETE, not one UPDATE per row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct

SENT, RELEASED = 1, 2

_RUN = Struct("<QHH")

Entry = tuple[int, int]
"""Packet identifier and sequence number."""

Line = tuple[int, int, bytes]
"""Number, stage, packed entries."""


def pack(entries: Sequence[Entry]) -> bytes:
    """The runs of these entries; a usual group is a single one."""
    out = []
    first_id, first_seq, count = *entries[0], 0
    for packet_id, seq in entries:
        if packet_id - first_id == seq - first_seq == count:
            count += 1
        else:
            out.append(_RUN.pack(first_seq, first_id, count))
            first_id, first_seq, count = packet_id, seq, 1
    out.append(_RUN.pack(first_seq, first_id, count))
    return b"".join(out)


def unpack(data: bytes) -> Iterator[Entry]:
    """The entries in their order."""
    for first_seq, first_id, count in _RUN.iter_unpack(data):
        yield from zip(range(first_id, first_id + count), range(first_seq, first_seq + count), strict=True)


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted numbers as first and last of what counts up without a gap."""
    out: list[tuple[int, int]] = []
    first = last = -1
    for number in numbers:
        if number != last + 1 or first < 0:
            if first >= 0:
                out.append((first, last))
            first = number
        last = number
    if first >= 0:
        out.append((first, last))
    return out


class Flight:
    """The lines of the file, as its writer remembers them."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._number = 0
        self._left: dict[int, int] = {}
        self._line: dict[int, int] = {}  # sequence number -> its newest line
        self._seq: dict[int, int] = {}  # packet identifier -> sequence number, the last it had
        self._places: dict[int, tuple[int, int]] = {}
        self.emptied: list[int] = []
        for number, stage, data in lines:
            self._load(number, stage, data)

    def _load(self, number: int, stage: int, data: bytes) -> None:
        entries = list(unpack(data))
        self._enter(number, entries)
        for packet_id, seq in entries:
            self._places.pop(seq, None)  # its order is that of its newest line
            self._places[seq] = (stage, packet_id)

    def __iter__(self) -> Iterator[int]:
        """The sequence numbers in flight."""
        return iter(self._line)

    def __contains__(self, seq: int) -> bool:
        return seq in self._line

    def places(self) -> dict[int, tuple[int, int]]:
        """Stage and identifier of each row that was in flight when the file was opened, in order."""
        return {seq: place for seq, place in self._places.items() if seq in self._line}

    def seqs(self, packet_ids: Iterable[int]) -> list[Entry]:
        """These identifiers with the rows they were last given to."""
        return [(packet_id, self._seq[packet_id]) for packet_id in packet_ids]

    def add(self, stage: int, entries: Sequence[Entry]) -> Line:
        """A new line for rows that reach this stage."""
        number = self._number + 1
        self._enter(number, entries)
        return number, stage, pack(entries)

    def _enter(self, number: int, entries: Sequence[Entry]) -> None:
        self._number = number
        for packet_id, seq in entries:
            self.end(seq)
            self._line[seq] = number
            self._seq[packet_id] = seq
        self._left[number] = len(entries)

    def end(self, seq: int) -> None:
        """This row is in flight no more; a line it leaves empty is in ``emptied``."""
        number = self._line.pop(seq, None)
        if number is not None:
            self._left[number] -= 1
            if not self._left[number]:
                del self._left[number]
                self.emptied.append(number)

    def clear(self) -> list[int]:
        """Everything in flight is unsent again; gives the rows, sorted."""
        seqs = sorted(self._line)
        self._line.clear()
        self._left.clear()
        self.emptied.clear()
        return seqs
