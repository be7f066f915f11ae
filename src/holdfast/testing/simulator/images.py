"""What a crash leaves of a file that was being written: the bytes of the outbox file and of its log.

A commit appends to the log, or begins it anew where all of it is in the file already; then, now and
then, the log is written into the file. SQLite makes each of these durable before the next one begins,
so a crash finds one of them half done, and those before it done.
"""

from __future__ import annotations

from random import Random

Image = tuple[bytes, bytes]
"""The file, and its log."""

PAGE, SECTOR, HEADER, FRAME = 4096, 512, 32, 24

_SALT = slice(16, 24)
_FRAME_SALT = slice(8, 16)


def halfway(rng: Random, before: Image, after: Image, power: bool) -> Image:
    """One moment of the commit that made ``after`` of ``before``; ``power``: of what is not synced, any part.

    The log comes first, and where it begins anew the file has had all of the old one before.
    """
    if after[0] != before[0] and rng.random() < 0.5:
        return _mixed(rng, before[0], after[0], PAGE), after[1]
    return before[0], _half_a_log(rng, before[1], after[1], power)


def _half_a_log(rng: Random, old: bytes, new: bytes, power: bool) -> bytes:
    if old[:HEADER] != new[:HEADER]:
        if rng.random() < 0.2:
            return old
        old = new[:HEADER] + old[HEADER:]  # synced before any frame behind it
    first = _common(old, new)
    last = len(new) - _common(old[::-1], new[::-1]) if len(old) == len(new) else len(new)
    if first >= last:
        return new
    cut = rng.randint(first, last)
    style = rng.choice(("prefix", "garbage", "sectors")) if power else "prefix"
    if style == "sectors":
        return old[:first] + _mixed(rng, old[first:last], new[first:last], SECTOR) + new[last:]
    garbage = rng.randbytes(rng.randint(1, SECTOR)) if style == "garbage" else b""
    written = (new[:cut] + garbage)[:last]
    return written + old[len(written) :]


def _mixed(rng: Random, old: bytes, new: bytes, size: int) -> bytes:
    """Block by block the old or the new one, and one of them torn."""
    old = old.ljust(len(new), b"\0")
    starts = range(0, len(new), size)
    blocks = [(new if rng.random() < 0.5 else old)[start : start + size] for start in starts]
    return b"".join(blocks)


def unsynced(rng: Random, image: Image, synced: int) -> Image:
    """The log with any part of what stands behind ``synced`` lost."""
    file, log = image
    end = written(log)
    return (file, log[: rng.randint(synced, end)]) if end > synced else image


def written(log: bytes) -> int:
    """Where the frames of the present log end; behind them may stand those of earlier ones."""
    end, salt = HEADER, log[_SALT]
    while log[end : end + FRAME][_FRAME_SALT] == salt and len(log) >= end + FRAME + PAGE:
        end += FRAME + PAGE
    return min(end, len(log))


def _common(one: bytes, other: bytes) -> int:
    """How many bytes they have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low
