"""A pool to be killed: numbered messages of several keys, and each told once it is accepted.

opened          the files are open
k/3 2000017     number 17 of its second life was accepted, for this key
flushed {...}   all is acknowledged: the books of all files
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from holdfast import Pool

KEYS = [f"k/{number}" for number in range(12)]

LIFE = 1_000_000
"""Numbers of one life."""


async def main(life: int, more: int, options: dict[str, Any]) -> None:
    """``more`` numbers of each key as fast as it goes; then flush and end."""
    pool = Pool(**options)
    async with pool:
        _tell("opened")
        await asyncio.gather(*(_publish(pool, key, life * LIFE, more) for key in KEYS))
        await pool.flush()
        ledger = pool.ledger()
        _tell("flushed", json.dumps({"accepted": ledger.accepted, "acknowledged": ledger.acknowledged}))


async def _publish(pool: Pool, key: str, first: int, more: int) -> None:
    for number in range(first, first + more):
        await pool.publish(key, str(number))
        _tell(key, number)


def _tell(*words: object) -> None:
    """In one piece, and past every buffer: what was told is not lost with the process."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
