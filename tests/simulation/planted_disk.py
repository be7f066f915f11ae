"""Bugs to plant into the outbox: its order of writing, its file, its clock, its reserve (see ``planted``)."""

from __future__ import annotations

from tests.simulation.planted import Bug

COMMITS, STORE, EFFECTS = "outbox/commits.py", "outbox/store.py", "outbox/effects.py"
STEPS = "outbox/steps.py"
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
        STEPS,
        "        self._run()\n        if self.db.in_transaction:",
        '        self.db.in_transaction or self.db.execute("BEGIN")\n        self._run()\n        if 0:',
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
        also=("RESTORED", "LEDGER", "NOTHING_LOST", "TOLD"),
    ),
    # What is in one transaction.
    Bug(
        "rows are deleted behind the transaction",
        "LEDGER",
        STORE,
        "        self._delete(steps)\n        slept = timeline.slept\n",
        "        slept = timeline.slept\n",
        also=("RESTORED", "NOTHING_LOST", "SANE", "DAMAGE_TOLD"),
    ),
    Bug(
        "the books are written behind the transaction",
        "TOLD",
        STORE,
        "        steps.books(books)\n"
        "        self._moving = None if slept is None else (group.number, slept)\n"
        "        group.left = self._effects.intake.take_left()\n"
        "        steps.commit()\n",
        "        self._moving = None if slept is None else (group.number, slept)\n"
        "        group.left = self._effects.intake.take_left()\n"
        "        steps.commit()\n"
        "        steps.books(books)\n"
        "        steps.commit()\n",
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
        "                self._line(steps, RELEASED, self._flight.keys(record.packet_ids))",
        "                self._flight.keys(record.packet_ids)",
    ),
    Bug(
        "a stale inbound identifier stays on the disk",
        "RESTORED",
        EFFECTS,
        "        steps.pairs(RELEASE, gone)\n",
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
        seeds=1000,
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
        "        steps.pairs(HOLD, [(WITHHELD, record.withheld) for record in records if record.withheld])\n",
        "",
    ),
    Bug(
        "sequence numbers are given again after a restart",
        "RESTORED",
        STORE,
        "        books.last = max(books.last, group.last)\n",
        "",
        also=("NOTHING_LOST",),
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
        "                    spilled.cursor = row.seq\n",
        "                    spilled.cursor = row.seq + 1\n",
        also=("ORDER", "LIVE"),
    ),
    Bug(
        "a refill gives what is in flight",
        "TAKEN_ONCE",
        BACKLOG,
        "                    if key_of(row) in self._skip:\n                        continue\n",
        "",
    ),
    Bug(
        "a refill forgets what is not committed yet",
        "LIVE",
        BACKLOG,
        "        if spilled.commit <= durable:\n",
        "        if True:\n",
        also=("ORDER",),
    ),
    Bug(
        "new rows overtake those that wait in the file",
        "ORDER",
        BACKLOG,
        "        if spilled.commit or self._bytes + size",
        "        if self._bytes + size",
        also=("TAKEN_ONCE", "LIVE"),
    ),
    Bug(
        "what is parked is sent when it comes to the head of the line",
        "LIVE",
        "outbox/queries.py",
        '_WAITING = "id BETWEEN ? AND ? AND parked IS NULL"',
        '_WAITING = "id BETWEEN ? AND ?"',
        also=("TAKEN_ONCE", "RESTORED", "LEDGER", "NO_EXCEPTION"),
    ),
    Bug(
        "parked rows wait for ever",
        "NOTHING_LOST",
        "outbox/waiting.py",
        "            if row is not None and fits(row):\n",
        "            if row is not None and False:\n",
        also=("LIVE",),
    ),
    Bug(
        "a refused row is sent again at once",
        "NOT_YET",
        "outbox/deferred.py",
        "entry[2] <= now:",
        "entry[2] <= now + 9:",
    ),
    Bug(
        "what was refused is overtaken in a class that is held",
        "ORDER",
        "outbox/deferred.py",
        "        return (self._in_order or len(self) >= MOST) and self.has(priority)",
        "        return len(self) >= MOST and self.has(priority)",
        seeds=1000,
    ),
    Bug(
        "what is in flight expires in the outbox",
        "UNSENT_ONLY",
        BACKLOG,
        "            and key not in self._skip\n",
        "",
        also=("LEDGER", "SANE", "TAKEN_ONCE"),
    ),
    Bug(
        "a row expires while the clock is suspect",
        "AGES",
        "outbox/caretaker.py",
        "        if self._timeline.suspect:\n            return [], []\n",
        "",
        seeds=1000,
    ),
    Bug(
        "a request is forgotten",
        "LIVE",
        "outbox/effects.py",
        "            requests.answer(steps.db, record.number, record.answer)",
        "            pass",
    ),
    # The disk fails.
    Bug(
        "a read that fails costs what was read before",
        "LIVE",
        BACKLOG,
        "            self.unreadable(error)\n        self._bytes",
        "            self.unreadable(error)\n            return False\n        self._bytes",
        also=("ORDER", "TAKEN_ONCE"),
        seeds=1000,
    ),
    Bug(
        "a read that fails is raised in the middle of a turn",
        "NO_EXCEPTION",
        "outbox/sqlite.py",
        "        backlog.unreadable = self._sight.failed\n",
        "",
    ),
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
        "        return pages > 0 and salts == self._salts and self._follows(following)",
        "        return salts == self._salts",
    ),
    Bug(
        "a damaged log is taken for a torn tail",
        "DAMAGE_TOLD",
        INTEGRITY,
        "        return any(map(self._ends_before, starts[place:], starts[place + 1 :]))",
        "        return False",
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
