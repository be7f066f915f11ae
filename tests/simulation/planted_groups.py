"""Bugs in what happens between two groups of brokers (contract 3); see ``planted``."""

from __future__ import annotations

from tests.simulation.planted import RECEIVER, SENDER, Bug

SESSION, SUBSCRIPTIONS = "protocol/session.py", "protocol/subscriptions.py"
SESSIONS = "outbox/sessions.py"

BUGS = (
    Bug(
        "the session with other brokers before its record is durable",
        "EPOCH_FIRST",
        SESSION,
        "self._journal.write(GroupEntered(",
        "self._journal._lag(GroupEntered(",
        also=("ASSIGNED_FIRST",),
    ),
    Bug(
        "what was begun with a broker is forgotten when it is left",
        "IDENTIFIER",
        SENDER,
        "return ones, [*self.released, *(packet_id for packet_id, qos in sent if qos == 2)]",
        "return ones, []",
        also=("LIVE", "NOTHING_LOST", "STRICT", "ONCE_OUT"),
    ),
    Bug(
        "what was begun with a broker is not completed when we are back",
        "LIVE",
        SENDER,
        "        self._rowless = set(here.unreleased)\n        self._ids",
        "        self._rowless, self.released = set(here.unreleased), {}\n        self._ids",
        also=("IDENTIFIER", "SANE", "NO_EXCEPTION", "NOTHING_LOST"),
    ),
    Bug(
        "what is to be completed is not in the file",
        "RESTORED",
        SESSIONS,
        "((UNANSWERED, record.unanswered), (UNRELEASED, record.unreleased))",
        "((UNANSWERED, record.unanswered),)",
    ),
    Bug(
        "what is to be completed is in the file in any order",
        "RESTORED",
        SESSIONS,
        "AND kind = ? ORDER BY number",
        "AND kind = ? ORDER BY packet_id DESC",
    ),
    Bug(
        "what was completed is in the file for ever",
        "RESTORED",
        SESSIONS,
        'each(db, f"DELETE FROM held WHERE {_HERE} AND packet_id BETWEEN ? AND ?", released)',
        "pass",
        also=("LEDGER",),
        seeds=1000,
    ),
    Bug(
        "rows are in flight still in the file, with brokers that we have left",
        "RESTORED",
        "outbox/effects.py",
        "        self._unsend(steps.db)\n        for record",
        "        for record",
        also=("NO_EXCEPTION", "TAKEN_ONCE", "LEDGER"),
    ),
    Bug(
        "rows in flight are lost with the brokers that we leave",
        "NOTHING_LOST",
        SENDER,
        "        moved = self._again()\n",
        "        self.sent, self.unproven = {}, deque()\n        moved = self._again()\n",
        also=("LIVE", "SANE"),
    ),
    Bug(
        "inbound identifiers go along to other brokers",
        "FORGOTTEN_FIRST",
        RECEIVER,
        "self.epoch, self.received, self._running = here.epoch, here.contents, here.running",
        "self.epoch, self._running = here.epoch, here.running",
        also=("ONCE_IN", "RECEIVED_FIRST", "NOTHING_LOST_IN", "ACK_AFTER_HANDLER"),
        seeds=1000,
    ),
    Bug(
        "handlers go along to other brokers",
        "NOTHING_LOST_IN",
        RECEIVER,
        "self.epoch, self.received, self._running = here.epoch, here.contents, here.running",
        "self.epoch, self.received = here.epoch, here.contents",
        also=("ATTACH", "ONCE_IN", "ACK_AFTER_HANDLER", "LIVE"),
    ),
    Bug(
        "subscriptions are not made with other brokers",
        "SUBSCRIBED",
        SUBSCRIPTIONS,
        "        self.doubt()\n\n    def doubt(self)",
        "\n    def doubt(self)",
        seeds=1000,
    ),
    Bug(
        "what is given up is given up with one broker alone",
        "SUBSCRIBED",
        SUBSCRIPTIONS,
        "        self._leaving.update(dict.fromkeys(here.filters - self.wanted.keys()))\n",
        "",
        seeds=1000,
    ),
    Bug(
        "a late acknowledgement may find its identifier in use",
        "IDENTIFIER",
        SENDER,
        "self._ids.used.update(self.released, self._withheld, self._late)",
        "self._ids.used.update(self.released, self._withheld)",
        also=("SANE",),
        seeds=1000,
    ),
)
