"""The intake of an outbox file whose commits happen when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from copy import copy

from holdfast.outbox.intake import Held
from tests.support.durable import Change, File

ROOM = 1 << 20


class Intake:
    """As the port has it, as far as a spool uses it; ``write`` takes what is to be committed."""

    series = "file"

    def __init__(self, file: File, write: Callable[[Change], int]) -> None:
        self._file = file
        self._write = write
        self._last = file.last
        self._count: dict[str, int] = {}
        self.full = False
        for held in file.held.values():
            self._count[held.owner] = self._count.get(held.owner, 0) + 1

    def hold(self, messages: Sequence[Held]) -> int:
        for held in messages:
            self._last += 1
            held.number = self._last
            self._count[held.owner] = self._count.get(held.owner, 0) + 1
        kept, last = {held.number: copy(held) for held in messages}, self._last

        def change(file: File) -> None:
            file.held.update(kept)
            file.last = last

        return self._write(change)

    def let_go(self, numbers: Sequence[int]) -> int:
        def change(file: File) -> None:
            for number in numbers:
                self._count[file.held.pop(number).owner] -= 1

        return self._write(change)

    def release(self, epoch: int, packet_ids: Sequence[int]) -> int:
        def change(file: File) -> None:
            for held in file.held.values():
                if held.epoch == epoch and held.packet_id in packet_ids:
                    held.epoch = held.packet_id = 0

        return self._write(change)

    def saw(self, owner: str, digests: Sequence[bytes]) -> int:
        return self._write(lambda file: file.seen.update(digests))

    def read(self, owner: str, after: int, most: int) -> list[Held]:
        numbers = [number for number, held in sorted(self._file.held.items()) if held.owner == owner]
        return [copy(self._file.held[number]) for number in numbers if number > after][:most]

    def bound(self, owner: str) -> list[tuple[int, int, str | None]]:
        mine = [held for _, held in sorted(self._file.held.items()) if held.owner == owner]
        return [(held.epoch, held.packet_id, held.key) for held in mine if held.packet_id]

    def count(self, owner: str | None = None) -> int:
        return self._count.get(owner or "", 0)

    def room(self, size: int) -> bool:
        return not self.full


class Commits:
    """Whoever waits for a commit of the file."""

    def __init__(self) -> None:
        self.durable = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    async def reached(self, number: int) -> None:
        if number > self.durable:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((number, waiter))
            await waiter

    def happened(self, number: int) -> None:
        """This one has."""
        self.durable = number
        for at, waiter in self._waiters:
            if at <= number and not waiter.done():
                waiter.set_result(None)
