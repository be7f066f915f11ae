"""Which rows are in flight, under which identifier, as one line of the file per group (contract X9).

A line has a number, a stage, and the group's rows as runs: keys (see ``keys``) and packet identifiers
that count up together. The newest line that names a row is right; it may also say that the row is
unsent again. A line whose rows have all moved on or ended is deleted; what a living line says of a
row that has ended means nothing, because the row itself is gone. So a group costs one INSERT and one
DELETE, not one UPDATE per row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from struct import Struct

UNSENT, SENT, RELEASED = 0, 1, 2

_RUN = Struct("<qHH")

Entry = tuple[int, int]
"""Packet identifier and key."""

Line = tuple[int, int, bytes]
"""Number, stage, packed entries."""


def pack(entries: Sequence[Entry]) -> bytes:
    """The runs of these entries; a usual group is a single one."""
    out = []
    first_id, first_key, count = *entries[0], 0
    for packet_id, key in entries:
        if packet_id - first_id == key - first_key == count:
            count += 1
        else:
            out.append(_RUN.pack(first_key, first_id, count))
            first_id, first_key, count = packet_id, key, 1
    out.append(_RUN.pack(first_key, first_id, count))
    return b"".join(out)


def is_packed(data: bytes) -> bool:
    """Whether these are runs of anything."""
    return len(data) > 0 and len(data) % _RUN.size == 0


def unpack(data: bytes) -> Iterator[Entry]:
    """The entries in their order."""
    for first_key, first_id, count in _RUN.iter_unpack(data):
        yield from zip(range(first_id, first_id + count), range(first_key, first_key + count), strict=True)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Sorted numbers as first and last of what counts up without a gap."""
    if not numbers:
        return []
    out: list[tuple[int, int]] = []
    first, last = numbers[0], numbers[0] - 1
    for number in numbers:
        if number != last + 1:
            out.append((first, last))
            first = number
        last = number
    out.append((first, last))
    return out


class Flight:
    """The lines of the file, as its writer remembers them."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._number = 0
        self._left: dict[int, int] = {}
        self._line: dict[int, int] = {}  # key -> its newest line
        self._unsent: set[int] = set()  # those of which that line says so
        self._key: dict[int, int] = {}  # packet identifier -> key, the last it had
        self._places: dict[int, tuple[int, int]] = {}
        self.emptied: list[int] = []
        for number, stage, data in lines:
            self._load(number, stage, data)

    def _load(self, number: int, stage: int, data: bytes) -> None:
        entries = list(unpack(data))
        self._enter(number, stage, entries)
        for packet_id, key in entries:
            self._places.pop(key, None)  # its order is that of its newest line
            self._places[key] = (stage, packet_id)

    def __iter__(self) -> Iterator[int]:
        """The keys in flight."""
        return (key for key in self._line if key not in self._unsent)

    def __contains__(self, key: int) -> bool:
        return key in self._line and key not in self._unsent

    def named(self) -> list[int]:
        """The keys that any line names, sorted."""
        return sorted(self._line)

    def places(self) -> dict[int, tuple[int, int]]:
        """Stage and identifier of each row that was in flight when the file was opened, in order."""
        return {key: place for key, place in self._places.items() if key in self}

    def keys(self, packet_ids: Iterable[int]) -> list[Entry]:
        """These identifiers with the rows they were last given to."""
        return [(packet_id, self._key[packet_id]) for packet_id in packet_ids]

    def add(self, stage: int, entries: Sequence[Entry]) -> Line:
        """A new line for rows that reach this stage."""
        number = self._number + 1
        self._enter(number, stage, entries)
        return number, stage, pack(entries)

    def _enter(self, number: int, stage: int, entries: Sequence[Entry]) -> None:
        self._number, lines, keys = number, self._line, self._key
        self.end([key for _, key in entries if key in lines])
        for packet_id, key in entries:
            lines[key] = number
            keys[packet_id] = key
        self._left[number] = len(entries)
        if stage == UNSENT:
            self._unsent.update([key for _, key in entries])

    def end(self, keys: Collection[int]) -> None:
        """These rows are named no more; lines they leave empty are in ``emptied``."""
        lines, left = self._line, self._left
        for key in keys:
            number = lines.pop(key, None)
            if number is not None:
                left[number] -= 1
                if not left[number]:
                    del left[number]
                    self.emptied.append(number)
        if self._unsent:
            self._unsent.difference_update(keys)

    def clear(self) -> list[int]:
        """Everything in flight is unsent again; gives the rows, sorted."""
        keys = sorted(self)
        self._line.clear()
        self._unsent.clear()
        self._left.clear()
        self.emptied.clear()
        return keys
