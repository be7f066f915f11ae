"""A process that accepts numbered rows and says which are durable, until it is killed."""

from __future__ import annotations

import sys
from threading import Event

from holdfast.client.clock import SystemClock
from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Settled


def main(path: str, durability: str, first: int) -> None:
    """Rows ``first``, ``first`` + 1, ...; one in three ends at once, so that the file has every stage."""
    outbox = SqliteOutbox(path, SystemClock(), durability=durability)  # type: ignore[arg-type]
    outbox.open("gateway-7")
    grown = Event()
    outbox.on_durable = grown.set
    number, told, handed = first, outbox.durable, []
    while True:
        rows = [Outgoing(0, "t", str(number + n).encode(), 1) for n in range(1 + number % 7)]
        number += len(rows)
        handed.append((outbox.accept(rows), number - 1))
        taken = outbox.take(7)
        if taken:
            outbox.write([Assigned([(1 + row.seq % 60_000, row) for row in taken])])
            outbox.write([Settled(taken[::3], "acknowledged")])
        outbox.begin()
        if len(handed) > 3:
            grown.wait(5)
            grown.clear()
        told = outbox.durable
        while handed and handed[0][0] <= told:
            print(handed.pop(0)[1], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
