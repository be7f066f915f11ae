"""Bugs to plant into the outbox: its order of writing, its file, its clock, its reserve (see ``planted``)."""

from __future__ import annotations

from tests.simulation.planted import Bug

COMMITS, STORE, EFFECTS = "outbox/commits.py", "outbox/store.py", "outbox/effects.py"
BACKLOG, OPENING, INTEGRITY = "outbox/backlog.py", "outbox/opening.py", "outbox/integrity.py"

BUGS = (
    # What is told, and when.
    Bug(
        "durable is told before COMMIT",
        "TOLD",
        COMMITS,
        "        try:\n            self._write_down(group)\n",
        "        self.durable = group.number\n        try:\n            self._write_down(group)\n",
    ),
    Bug(
        "COMMIT is left to the next transaction",
        "TOLD",
        STORE,
        'db.execute("COMMIT")',
        'db.in_transaction or db.execute("COMMIT")',
        also=("LIVE", "NO_EXCEPTION"),
    ),
    Bug(
        "a commit that failed is taken for done",
        "TOLD",
        COMMITS,
        "            self._fail(error)\n            return False\n",
        "            self._fail(error)\n",
    ),
    Bug(
        "a commit that had happened is made again",
        "LIVE",
        COMMITS,
        "            if self._store.books.commits >= group.number:\n                return\n",
        "",
        also=("RESTORED", "LEDGER"),
    ),
    # What is in one transaction.
    Bug(
        "rows are deleted behind the transaction",
        "LEDGER",
        STORE,
        "        self._delete(db)\n        slept = timeline.slept\n",
        "        slept = timeline.slept\n",
        also=("RESTORED", "NOTHING_LOST", "SANE"),
    ),
    Bug(
        "the books are written behind the transaction",
        "TOLD",
        STORE,
        '        tables.write_books(db, books)\n        db.execute("COMMIT")\n',
        '        db.execute("COMMIT")\n        tables.write_books(db, books)\n',
        also=("RESTORED", "NOTHING_LOST", "LEDGER"),
        seeds=1000,
    ),
    Bug(
        "an ending is counted twice",
        "LEDGER",
        EFFECTS,
        "getattr(self._books, ending) + len(rows)",
        "getattr(self._books, ending) + 2 * len(rows)",
        also=("NOTHING_LOST",),
    ),
    # What a restart finds.
    Bug(
        "PUBREC is not on the disk",
        "RESTORED",
        EFFECTS,
        "                self._line(db, RELEASED, self._flight.keys(record.packet_ids))",
        "                self._flight.keys(record.packet_ids)",
    ),
    Bug(
        "a stale inbound identifier stays on the disk",
        "RESTORED",
        EFFECTS,
        '        each(db, "DELETE FROM ids WHERE kind = ? AND packet_id = ?", gone)\n',
        "        gone.clear()\n",
    ),
    Bug(
        "inbound identifiers outlive their epoch",
        "RESTORED",
        EFFECTS,
        '        db.execute("DELETE FROM ids")\n',
        "",
    ),
    Bug(
        "what was in flight in a lost session stays so",
        "RESTORED",
        EFFECTS,
        '        db.execute("DELETE FROM flight")\n',
        "",
    ),
    Bug(
        "nobody remembers what is uncertain",
        "RESTORED",
        EFFECTS,
        "        each(db, uncertain, runs(self._flight.clear()))\n",
        "        self._flight.clear()\n",
    ),
    Bug(
        "withheld identifiers are not kept",
        "RESTORED",
        EFFECTS,
        "        _hold(db, WITHHELD, [record.withheld for record in records if record.withheld])\n",
        "",
    ),
    Bug(
        "sequence numbers are given again after a restart",
        "RESTORED",
        STORE,
        "        books.last = max(books.last, group.last)\n",
        "",
    ),
    Bug(
        "packet identifiers begin where they began",
        "RESTORED",
        EFFECTS,
        "                self._books.packet_id = entries[-1][0]\n",
        "",
    ),
    # Rows that wait in the file.
    Bug(
        "a refill skips a row",
        "TAKEN_ONCE",
        BACKLOG,
        "            cursor = row.seq\n",
        "            cursor = row.seq + 1\n",
        also=("ORDER", "LIVE"),
    ),
    Bug(
        "a refill gives what is in flight",
        "TAKEN_ONCE",
        BACKLOG,
        "            if cursor in self._skip:\n                continue\n",
        "",
    ),
    Bug(
        "a refill forgets what is not committed yet",
        "LIVE",
        BACKLOG,
        "            if all_read and self._spilled <= durable:\n",
        "            if all_read:\n",
        also=("ORDER",),
    ),
    Bug(
        "new rows overtake those that wait in the file",
        "ORDER",
        BACKLOG,
        "            if self._spilled or len(self._ready)",
        "            if len(self._ready)",
        also=("TAKEN_ONCE", "LIVE"),
    ),
    # The disk fails.
    Bug(
        "the reserve is not given up",
        "DRAINS",
        COMMITS,
        "            self._reserve.release()\n",
        "",
    ),
    Bug(
        "a file is opened again only after the second failure",
        "LIVE",
        COMMITS,
        "            self._store.open()\n            self._settle_in()\n",
        "            self._settle_in()\n",
        also=("TOLD", "RESTORED", "LEDGER"),
    ),
    Bug(
        "a torn tail is taken for damage",
        "NOTHING_LOST",
        INTEGRITY,
        "        ended = False  # the transaction that is broken",
        "        ended = True",
    ),
    Bug(
        "a damaged log is taken for a torn tail",
        "DAMAGE_TOLD",
        INTEGRITY,
        "                if ended:\n                    return True\n",
        "",
        also=("NO_EXCEPTION", "TAKEN_ONCE"),
    ),
    Bug(
        "a new file does not know that an old one is lost",
        "DAMAGE_TOLD",
        OPENING,
        'restored = self.set_aside and "damaged"',
        "restored = None",
    ),
    # The clock.
    Bug(
        "a jump of the wall clock ages rows",
        "AGES",
        "outbox/timeline.py",
        "        return self.clock.now() + self.ahead\n",
        "        return self.clock.wall()\n",
        also=("EXPIRY",),
    ),
    Bug(
        "a restart of the machine ages rows by its wall clock",
        "AGES",
        "outbox/timeline.py",
        "self.ahead = max(boot_ahead, at - now) if same else at + self._off() - now",
        "self.ahead = self.clock.wall() - now",
        also=("EXPIRY",),
    ),
)
