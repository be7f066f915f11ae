"""The file of one world's outbox: opened by each process in turn, cut off with it, and compared.

The processes use the real ``SqliteOutbox``, on a real file in memory; a kill or a power cut leaves of
the file and its log what ``images`` says. ``world.disk`` is what should be in it: the model takes in a
group when its commit has happened, and a restart must find neither more nor less.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from holdfast.errors import OutboxError
from holdfast.outbox import backlog, requests, reserve, sqlite_file, tables
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.store import Group
from holdfast.protocol import ids, sender
from holdfast.testing.simulator import images
from holdfast.testing.simulator.damage import try_out
from holdfast.testing.simulator.images import Image
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.recount import glance, recount
from holdfast.testing.simulator.scenario import CLIENT_ID
from holdfast.testing.simulator.storage import FEW_IDS, FEW_WITHHELD, RESERVE_BYTES
from holdfast.testing.simulator.synced import Synced, touched
from holdfast.testing.simulator.writer import Writer

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver
    from holdfast.testing.simulator.schedule import Owner
    from holdfast.testing.simulator.world import World

IN_MEMORY = "/dev/shm"
LOOKS_EVERY = 5
"""After so many commits the file is compared with the model."""


class Medium:
    """One folder, one file, one outbox at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._path = self._log = Path()
        self._synced = Synced(world.disk)
        self._unsafe = False
        self._outbox: SqliteOutbox | None = None
        self._under_way: Group | None = None

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """The folder is there, and everything in ``outbox`` is as small as this seed wants it."""
        storage, root = self._world.storage, IN_MEMORY if os.path.isdir(IN_MEMORY) else None
        with TemporaryDirectory(dir=root) as folder, ExitStack() as stack:
            self._path = Path(folder) / "outbox.db"
            self._log = Path(folder) / "outbox.db-wal"
            for module, name, value in (
                (sqlite_file, "connect", self._world.faults.connect),
                (sqlite_file, "LOG_PAGES", storage.log_pages),
                (backlog, "READY_ROWS", storage.ready_rows),
                (backlog, "BATCH_ROWS", storage.batch_rows),
                (reserve, "MOST", RESERVE_BYTES),
                (tables, "urandom", self._world.rng.randbytes),
                (ids, "HIGHEST", FEW_IDS if storage.few_ids else ids.HIGHEST),
                (sender, "WITHHELD", FEW_WITHHELD if storage.few_ids else sender.WITHHELD),
                (logging.getLogger("holdfast"), "disabled", True),
            ):
                stack.callback(setattr, module, name, getattr(module, name))
                setattr(module, name, value)
            try:
                yield
            finally:
                self.let_go(self._outbox)

    # -- one process ---------------------------------------------------------------------------

    def open(self, process: Driver) -> SqliteOutbox:
        """The outbox of a process that starts. Raises OutboxError where the disk does not let it."""
        world, outbox = self._world, self.outbox(process)
        try:
            outbox.open(CLIENT_ID, world.sites.groups)
        except OutboxError:
            world.paths["an outbox that cannot be opened"] += 1
            raise
        self._outbox = outbox
        self._found(outbox)
        with world.faults.spared():
            recount(world, outbox)
        outbox.last = max(outbox.last, world.numbered)
        return outbox

    def outbox(self, owner: Owner) -> SqliteOutbox:
        """One that is not open yet; ``owner`` is who commits."""
        outbox = SqliteOutbox(self._path, self._world.machine, **self._world.storage.options())
        outbox._make_writer = partial(Writer, self._world, owner)
        return outbox

    def _found(self, outbox: SqliteOutbox) -> None:
        """Whether the commit that was under way had happened."""
        group, self._under_way = self._under_way, None
        disk, number = self._world.disk, outbox.durable
        if group is not None and number == group.number:
            self._took_in(group)
            self._world.paths["killed, the commit arrived untold"] += 1
        elif self._unsafe and number < disk.number and self._synced.lost(number):
            self._world.paths["a power cut took commits"] += 1
            self._world.forgot()
        if outbox.restore().lost:
            disk.distrust(outbox.restore().epoch)
            if self._unsafe:  # an opening may have begun epochs elsewhere that went with the power
                disk.elsewhere = dict(outbox.restore().elsewhere)
        if outbox.set_aside or outbox.mended:
            raise PromiseBroken(Promise.NOTHING_LOST, f"opened: {outbox.set_aside} {outbox.mended}")
        if number != disk.number:
            raise PromiseBroken(Promise.TOLD, f"commit {disk.number} was durable, the file is at {number}")
        if self._unsafe:
            self._synced.everything(_read(self._log))

    def committed(self, group: Group) -> None:
        """The outbox says so; the file must say so too."""
        (number,) = self._query("SELECT commits FROM books")
        if number != group.number:
            raise PromiseBroken(Promise.TOLD, f"commit {group.number} is told, the file is at {number}")
        self._took_in(group)
        if group.number % LOOKS_EVERY == 0:
            with self._world.faults.spared():
                glance(self._world.disk, self._reader)

    def _took_in(self, group: Group) -> None:
        """Into the model, and whether it is safe from a power cut."""
        disk = self._world.disk
        self._world.machine.committed()
        if self._world.storage.durability == "power":
            disk.commit_group(group)
        else:
            before = disk.state()
            disk.commit_group(group)
            self._synced.committed(self._path, before)

    def pages(self) -> int:
        """How many the file has."""
        (pages,) = self._query("PRAGMA page_count")
        return int(pages)

    def ask(self, verb: str, ids: list[int] | None) -> None:
        """Leave a request in the file, as another process does; it has no patience with one that writes."""
        with closing(sqlite3.connect(self._path, 0, isolation_level=None)) as db:
            try:
                requests.ask(db, verb, ids)
            except sqlite3.OperationalError:
                self._world.paths["request: in vain"] += 1

    def unanswered(self) -> int:
        """How many requests have no answer."""
        (count,) = self._query("SELECT count(*) FROM request WHERE answer IS NULL")
        return int(count)

    def _query(self, statement: str) -> Any:
        with self._world.faults.spared():
            return self._reader.execute(statement).fetchone()

    @property
    def _reader(self) -> sqlite3.Connection:
        assert self._outbox is not None
        assert self._outbox._opened is not None
        return self._outbox._opened.reader

    # -- its death -----------------------------------------------------------------------------

    def die(self, writer: Writer, power: bool) -> None:
        """The process is killed, or the power fails: what the disk has at this moment stays."""
        image = before = self._image()
        group = writer.under_way
        if group is not None and self._world.rng.random() < 0.7:
            image = self._cut_off(writer, group, image, power)
        if power and self._world.storage.durability == "process":
            image = self._unsynced(image, before)
        self._under_way, self._unsafe = group, power and self._world.storage.durability == "process"
        self.let_go(self._outbox)
        if writer.idle() and image is before:
            self._harm(image)
        else:
            self.restore(image)

    def _harm(self, image: Image) -> None:
        """Damage to what is left, which a process that starts would find; then it is as before, or not."""
        world = self._world
        if world.rng.random() < 0.5:  # all of it in the file, as an orderly end leaves it
            self.restore(image)
            with closing(sqlite3.connect(self._path)) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            image = self._image()
        world.faults.heal()
        outbox, went_on = try_out(world, image)
        if went_on:
            return
        if outbox.set_aside is not None:
            os.replace(outbox.set_aside, self._path)
        self.restore(image)

    def _cut_off(self, writer: Writer, group: Group, before: Image, power: bool) -> Image:
        """The commit that is under way, as far as it came."""
        world, anew = self._world, writer._anew
        world.faults.heal()
        writer.commit(group)
        world.machine.perhaps_committed()
        after = self._image()
        if anew or world.rng.random() < 0.4:
            return after
        world.paths["killed in the middle of a commit"] += 1
        return images.halfway(world.rng, before, after, power)

    def _unsynced(self, image: Image, before: Image) -> Image:
        """The same after a power cut, where commits are not synced."""
        if image[0] != before[0] or touched(
            self._path
        ):  # the log was written into the file, so it was synced
            return image
        begun = image[1][: images.HEADER] != before[1][: images.HEADER]
        return images.unsynced(self._world.rng, image, images.HEADER if begun else self._synced.offset)

    def _image(self) -> Image:
        return self._path.read_bytes(), _read(self._log)

    def restore(self, image: Image) -> None:
        """In the same place: a copy would be another file (contract 26)."""
        with self._path.open("r+b") as file:
            file.write(image[0])
            file.truncate()
        self._log.write_bytes(image[1])
        self._path.with_name("outbox.db-shm").unlink(missing_ok=True)

    def let_go(self, outbox: SqliteOutbox | None) -> None:
        """Close its files; SQLite takes that for an orderly end, and empties the log."""
        if outbox is None or outbox._opened is None or outbox._writer is None:
            return
        outbox._writer._store.close()
        outbox._opened.reader.close()
        outbox._opened.lock.release()
        outbox._opened = None


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
