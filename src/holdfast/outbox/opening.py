"""From a path to an outbox that may be used: disk, owner, format, client id, books, in this order."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any
from uuid import uuid4

from holdfast.errors import OutboxError
from holdfast.outbox import brokers, integrity, mounts, origin, sqlite_file, tables
from holdfast.outbox.brokers import Groups
from holdfast.outbox.lock import OwnerLock
from holdfast.outbox.migrations import migrate
from holdfast.outbox.queries import Queries
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.sqlite_file import FORMAT, Durability
from holdfast.outbox.store import Store
from holdfast.protocol import Restored

log = logging.getLogger("holdfast")


class Opened:
    """An open file.

    ``restored``: what was in flight. ``bytes``: what its rows count against a budget. ``set_aside``:
    where a damaged file was moved that stood in its place; what it knew is lost (contract 1). ``names``:
    how the groups of brokers are called that it was opened for. ``series``: as ``Intake`` has it.
    ``mended``: what was lost, or did not balance, where the rest could go on.
    """

    def __init__(self, path: str, durability: Durability, codec: RowCodec) -> None:
        self._mount = mounts.find(path)
        mounts.refuse_network(path, self._mount)
        sqlite_file.check_kind(path)  # before anything is made beside it
        self.lock = OwnerLock(path)
        self.path = path
        self._durability: Durability = durability
        self._codec = codec
        self.store: Store
        self.reader: sqlite3.Connection
        self.queries: Queries
        self.restored = Restored()
        self.client_id = ""
        self.names: list[str] = []
        self.series = ""
        self.created = 0.0
        self.bytes = 0
        self.set_aside: str | None = None
        self.mended: str | None = None

    def load(self, client_id: str | None, groups: Groups) -> None:
        """Make or open the file. Raises OutboxError, sqlite3.Error."""
        broken = False
        if sqlite_file.inspect(self.path):
            broken = integrity.has_lost_commits(self.path)
        else:
            self._make(client_id or f"holdfast-{uuid4().hex[:12]}")
        self.reader = sqlite_file.connect(self.path, self._durability)
        self.queries = Queries(self.reader, self._codec)
        self.store = Store(self.path, self._durability, self._codec)
        try:
            (found,) = self.reader.execute("PRAGMA user_version").fetchone()
            sqlite_file.check_format(self.path, found)
            migrate(self.reader, found, FORMAT)
            if broken:
                integrity.patch_up(self.reader)
                self._mend("commits are lost out of its log; what is there goes on in a new session")
            else:
                integrity.check_file(self.reader)
            self._begin(client_id, groups)
        except BaseException:
            self.close()
            raise

    def _make(self, client_id: str) -> None:
        created = self._codec.timeline.clock.wall()
        restored = self.set_aside and "damaged"
        if self.lock.noted and not self.set_aside:
            restored = "missing"
            log.warning("%s is gone: a new outbox is begun, and what the old one knew is lost", self.path)
        sqlite_file.fill(self.path, lambda db: tables.create(db, client_id, created, restored))

    def _begin(self, client_id: str | None, groups: Groups) -> None:
        meta = tables.read_meta(self.reader)
        self.client_id, self.created = str(meta["client_id"]), float(meta["created"])
        self._check_client(client_id)
        known = tables.read_brokers(self.reader)
        self._check_brokers(groups, known)
        self.names = brokers.names(groups, known)
        self.store.open()
        if not self._check_books():
            meta["restored"] = "damaged"
        here = origin.place(self.path, self._mount)
        stale = meta.get("restored")
        doubted = None if stale else self._doubt(meta, here, bool(known))
        self.series = (None if doubted else meta.get("series")) or uuid4().hex
        stale = stale or doubted
        group = meta.get("group") or next(iter(self.names), None)
        known_now = {"group": group, "restored": stale, "series": self.series, **here}
        self._go_on(meta, known_now, brokers.news(groups, known))
        if stale:
            self.store.begin_epoch()
        self.restored = self.store.restored()
        self.restored.group = group or ""  # also where the disk was too full to write it down
        self.lock.note(self.store.books.commits)

    def close(self) -> None:
        """Let go of the file, but not of the lock."""
        self.store.close()
        self.reader.close()

    def _check_client(self, client_id: str | None) -> None:
        if client_id not in (None, self.client_id):
            raise OutboxError(
                f"{self.path} belongs to the client id {self.client_id!r}, not to {client_id!r}",
                path=self.path,
                hint=f"if its messages are to leave as {client_id!r}: holdfast outbox rebind {self.path}",
            )

    def _check_brokers(self, groups: Groups, known: brokers.Known) -> None:
        if brokers.are_strangers(groups, known):
            bound, given = ", ".join(known), ", ".join(address for group in groups for address in group)
            raise OutboxError(
                f"{self.path} belongs to the brokers {bound!r}, not to {given!r}",
                path=self.path,
                hint=f"if its messages are to go to {given!r}: holdfast outbox rebind {self.path} --url URL",
            )

    def _doubt(self, meta: dict[str, Any], here: dict[str, int], bound: bool) -> str | None:
        """A copy, or an older state, is as good as restored."""
        boot, commits = self._codec.timeline.clock.boot(), self.store.books.commits
        why = origin.doubt(meta, here, boot, commits, self.lock.noted, bound)
        if why is not None:
            log.warning("%s %s: what was in flight is sent again, in a new session", self.path, why)
        return why

    def _go_on(self, meta: dict[str, Any], known: dict[str, Any], addresses: dict[str, str]) -> None:
        """Outbox time goes on, and the file says where and for whom."""
        books, timeline = self.store.books, self._codec.timeline
        timeline.begin(books.at, books.wall, meta.get("boot"), meta.get("boot_offset", 0.0))
        known |= {"boot": timeline.boot, "boot_offset": timeline.ahead}
        news = {key: value for key, value in known.items() if meta.get(key) != value}
        try:
            if news or addresses:
                with tables.transaction(self.reader):
                    tables.write_meta(self.reader, **news)
                    tables.write_brokers(self.reader, addresses)
        except sqlite3.Error as error:
            if not sqlite_file.is_full(error):  # a full outbox on a full disk has to drain (contract 12)
                raise

    def _check_books(self) -> bool:
        """Contract 7: what is pending is what there are rows for; else what is there counts."""
        books, last = self.store.books, integrity.last_number(self.reader)
        rows, self.bytes = tables.count(self.reader)
        if books.accepted - books.ended == rows and last <= books.last and books.sane:
            return True
        said = f"say {books.accepted - books.ended} pending" if books.sane else "cannot be"
        self._mend(
            f"its books {said}, there are {rows} messages; these are kept, and counted, up to number {last}"
        )
        integrity.distrust(self.reader)
        self.store.open()
        books = self.store.books
        books.mend()
        books.accepted, books.last = books.ended + rows, max(books.last, last)
        tables.write_books(self.reader, books)
        return False

    def _mend(self, sentence: str) -> None:
        before = self.mended or self.path
        self.mended = f"{before}: {sentence}"
        log.error("%s: %s", self.path, sentence)


def open_file(
    path: str, client_id: str | None, groups: Groups, durability: Durability, codec: RowCodec
) -> Opened:
    """The file, ready for use. Raises OutboxError, OutboxLocked, OutboxUnwritable."""
    opened = Opened(path, durability, codec)
    try:
        _load(opened, path, client_id, groups)
    except sqlite3.Error as error:
        opened.lock.release()
        raise sqlite_file.refused(error, path) from error
    except BaseException:
        opened.lock.release()
        raise
    return opened


def _load(opened: Opened, path: str, client_id: str | None, groups: Groups) -> None:
    try:
        opened.load(client_id, groups)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not sqlite_file.is_damage(error):
            raise
        opened.set_aside = sqlite_file.set_aside(path)
        log.error("%s is damaged (%s): set aside as %s, a new one is begun", path, error, opened.set_aside)
        opened.load(client_id, groups)
