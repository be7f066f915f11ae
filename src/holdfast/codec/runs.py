"""Runs of plain acknowledgements, which are what most of a busy connection's small packets are.

The theory. An acknowledgement with reason code 0 is four bytes: type, the length 2, packet identifier.
If the packet behind it begins with the same two bytes it is another of the kind, and so on by
induction: so a run ends where the column ``data[pos::4]`` or ``data[pos + 1::4]`` changes, and its
identifiers are read in one call. No acknowledgement becomes an object of its own.
"""

from __future__ import annotations

from struct import unpack_from

from holdfast.codec.packet_types import NAMES
from holdfast.codec.packets import AckRun, Pubacks, Pubcomps, Pubrecs, Pubrels
from holdfast.codec.wire import identifier_of

LONGEST = 1024
"""Acknowledgements in one run: a short one at the head of a long chunk must not cost a look at all of it."""

RUNS: dict[int, type[AckRun]] = {0x40: Pubacks, 0x50: Pubrecs, 0x62: Pubrels, 0x70: Pubcomps}


def read_run(data: bytes, pos: int) -> tuple[AckRun, int]:
    """The run that begins at ``pos``, where a whole plain acknowledgement is, and the position behind it.

    Raises MalformedPacket when its first packet identifier is 0; a later 0 ends the run before it.
    """
    stop = min(len(data), pos + 4 * LONGEST)
    count = min(_alike(data[pos:stop:4]), _alike(data[pos + 1 : stop : 4]), (stop - pos) // 4)
    packet_ids = unpack_from(f">{2 * count}H", data, pos)[1::2]
    if 0 in packet_ids:
        count = packet_ids.index(0)
        packet_ids = packet_ids[:count] or (identifier_of(data, pos + 2, NAMES[data[pos] >> 4]),)
    return RUNS[data[pos]](packet_ids), pos + 4 * count


def _alike(column: bytes) -> int:
    """How many bytes from the first on are the same."""
    return len(column) - len(column.lstrip(column[:1]))
