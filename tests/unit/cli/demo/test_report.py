"""The demo in words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast import values
from holdfast.cli.demo.judge import Verdict
from holdfast.cli.demo.plan import ORDER, Fault
from holdfast.cli.demo.report import (
    STYLES,
    Outcome,
    Recovery,
    books,
    fault_line,
    fault_record,
    outcome_record,
    stamp,
)
from holdfast.ingest import IngestLedger
from holdfast.outbox import Ledger

LEDGER = Ledger(
    accepted=6000, acknowledged=6000, sent=0, failed=0, expired=0, dropped=0, pending=0,
    since=datetime(2026, 11, 21, tzinfo=UTC),
)  # fmt: skip
WELL = Verdict(
    stored=6000, lost=0, doubled=0, unordered=0, wiped=0, broker_lost=0, broker_doubled=0
)  # fmt: skip
GOOD = Outcome(LEDGER, IngestLedger(6000, 6000, 0, 0, 0), WELL)


def test_a_moment_is_minutes_and_seconds() -> None:
    """Rounded down."""
    assert stamp(66.9) == "01:06"


def test_a_fault_has_one_line() -> None:
    """When, what, how soon it was over, how much waited, and why as the client saw it."""
    line = fault_line(Recovery(Fault("cut", 6.2, 0), 0.01, 0.31, 61, "reset"))
    assert line.startswith(" 00:06  cut      ✂ TCP reset")
    assert "back in 0.3 s" in line
    assert line.endswith("outbox peak    61   cause: reset")


def test_a_fault_that_did_not_heal_says_so() -> None:
    """No time is made up, no cause is."""
    line = fault_line(Recovery(Fault("kill -9", 22, 1.5), None, None, 1204, None))
    assert "gone for 1.5 s" in line
    assert "not noticed" in line
    assert "not back in time" in line
    assert line.endswith("outbox peak 1,204")


def test_the_gateways_death_says_what_waited_on_disk() -> None:
    """Instead of when it was noticed; the columns behind it stay where they are."""
    killed = fault_line(Recovery(Fault("gateways", 19, 1.2), None, 0.42, 260, None, 214))
    cut = fault_line(Recovery(Fault("cut", 6.2, 0), 0.01, 0.31, 61, "reset"))
    assert killed.startswith(
        " 00:19  gateways ✗ killed with -9, restarted 214 waited on disk, back in 0.4 s  "
    )
    assert killed.index("outbox peak") == cut.index("outbox peak")


def test_every_kind_has_words_and_a_colour() -> None:
    """No fault of the plan is without its line."""
    for kind in ORDER:
        assert fault_line(Recovery(Fault(kind, 1, 1), 0, 0, 0, None))
        assert STYLES[kind]


def test_the_books_are_the_equation_and_the_verdict() -> None:
    """Two lines when all is well, with the column that is not ours."""
    assert books(GOOD) == [
        " published 6,000 = acknowledged 6,000 + sent 0 + failed 0 + expired 0 + dropped 0 + pending 0",
        " stored    6,000   lost 0   stored twice 0   out of order 0   broker lost 0",
    ]


def test_rarer_things_have_their_own_line() -> None:
    """They are said when they happened."""
    verdict = replace(WELL, broker_lost=3, broker_doubled=2, wiped=1)
    more = books(Outcome(LEDGER, GOOD.ingested, verdict, "message 7 was refused: Quota exceeded"))
    assert more[2] == " failed    message 7 was refused: Quota exceeded"
    assert "the broker had answered for those 3 and forgot them" in more[3]
    assert "the broker sent 2 messages once more" in more[4]
    assert "forget a session 1 times" in more[5]


def test_the_brokers_losses_do_not_make_it_bad() -> None:
    """The exit code counts only ours (contract 28 b)."""
    assert GOOD.good
    assert Outcome(LEDGER, GOOD.ingested, replace(WELL, broker_lost=3, broker_doubled=2)).good


@pytest.mark.parametrize("fault", ["lost", "doubled", "unordered", "wiped"])
def test_one_fault_of_ours_makes_it_bad(fault: str) -> None:
    """Whichever it is."""
    assert not Outcome(LEDGER, GOOD.ingested, replace(WELL, **{fault: 1})).good


def test_books_that_do_not_balance_make_it_bad() -> None:
    """Something pending, or something waiting at the ingester, is an outcome nobody promised."""
    assert not Outcome(values.replace(LEDGER, acknowledged=5999, pending=1), GOOD.ingested, WELL).good
    assert not Outcome(LEDGER, IngestLedger(6000, 5999, 0, 0, 1), WELL).good


def test_the_records_are_json() -> None:
    """Everything a line says is in the object."""
    record = json.loads(json.dumps(outcome_record(GOOD, "demo/vitals.db", 7)))
    assert (record["good"], record["seed"], record["published"]["accepted"]) == (True, 7, 6000)
    fault = json.loads(json.dumps(fault_record(Recovery(Fault("cut", 6.2, 0), 0.01, 0.31, 61, "x"))))
    assert (fault["event"], fault["kind"], fault["back_s"]) == ("fault", "cut", 0.31)
    assert fault["waited"] is None
