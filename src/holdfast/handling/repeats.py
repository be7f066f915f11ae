"""Which messages repeat one that this handler has handled, by a key of the application (``on(dedupe=)``).

    the key          a message with it comes    what has it ends well      what has it fails
    unknown          handle it                  -                          -
    being handled    it waits for that one      the key is handled;        the key is unknown;
                                                those that wait repeat it  those that wait come again
    handled          a repeat                   -                          -

Being handled begins when a message is taken in: one that waits for its turn or its next attempt has the key.
The newest MOST keys are known; of a key there is a digest of 16 bytes, for keys may be long, and are stored.
"""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b
from typing import Final, Generic, Literal, TypeVar

T = TypeVar("T")

MOST: Final = 10_000


def digest_of(key: Hashable) -> bytes:
    """The same in every process, for values of Python's own types."""
    return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Repeats(Generic[T]):
    """The keys of one handler; ``T`` is a message with its way back."""

    def __init__(self, handled: dict[bytes, None] | None = None, most: int = MOST) -> None:
        """``handled``: what an earlier life of it has, oldest first; what this one has is added there."""
        self._most = most
        self._handled = {} if handled is None else handled
        self._waiting: dict[bytes, list[T]] = {}

    def begin(self, digest: bytes, item: T) -> Literal["handle", "wait", "repeat"]:
        """A message with this key has come."""
        if digest in self._handled:
            return "repeat"
        if digest in self._waiting:
            self._waiting[digest].append(item)
            return "wait"
        self._waiting[digest] = []
        return "handle"

    def done(self, digest: bytes) -> list[T]:
        """What had this key was handled; gives those that waited: repeats."""
        self._handled[digest] = None
        if len(self._handled) > self._most:
            del self._handled[next(iter(self._handled))]
        return self._waiting.pop(digest, [])

    def failed(self, digest: bytes) -> list[T]:
        """It was not; gives those that waited, which come again."""
        return self._waiting.pop(digest, [])

    def drain(self) -> list[T]:
        """Nothing is handled any more; gives all that wait."""
        waiting = [item for items in self._waiting.values() for item in items]
        self._waiting.clear()
        return waiting
