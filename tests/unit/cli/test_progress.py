"""How an ingest goes, in words."""

from __future__ import annotations

import pytest

from holdfast.cli.progress import Meter, books, line, progress
from holdfast.client import Client
from holdfast.ingest import IngestLedger


def test_the_books_are_an_equation() -> None:
    """Left what came, right where it is."""
    ledger = IngestLedger(received=10_330, stored=10_318, repeated=0, quarantined=0, waiting=12)
    assert books(ledger) == "received 10,330 = stored 10,318 + repeated 0 + quarantined 0 + waiting 12"


def test_the_line_of_a_link_that_is_up() -> None:
    """Rate, stored, waiting, repeated, and for how long the link is up."""
    record = {
        "rate": 412, "stored": 10_318, "waiting": 12, "repeated": 0, "link": "connected", "link_up_s": 25.2,
    }  # fmt: skip
    assert line(record) == " 412 msg/s · stored 10,318 · waiting 12 · repeated 0 · link up 00:00:25"


def test_the_line_of_a_link_that_is_down() -> None:
    """Its state stands where the time would."""
    record = {
        "rate": 0, "stored": 7, "waiting": 0, "repeated": 0, "link": "reconnecting", "link_up_s": None,
    }  # fmt: skip
    assert line(record).endswith("· link reconnecting")


def test_progress_of_a_client_that_never_dialled() -> None:
    """No link, no cause: nothing is made up."""
    record = progress(3.6, IngestLedger(received=9, stored=9), Client())
    assert (record["rate"], record["link"], record["link_up_s"], record["cause"]) == (
        4,
        "disconnected",
        None,
        None,
    )


def test_the_rate_follows_what_is_stored() -> None:
    """A steady stream is shown as it is; one that ends falls to nothing."""
    meter = Meter(0.0)
    for second in range(1, 6):
        steady = meter.rate(second, 200 * second)
    assert steady == pytest.approx(200)
    for second in range(6, 12):
        ended = meter.rate(second, 1000)
    assert ended == pytest.approx(0, abs=1)


def test_a_line_is_due_after_its_time() -> None:
    """Neither earlier nor twice."""
    meter = Meter(0.0)
    assert not meter.due(9.9, 10.0)
    assert meter.due(10.0, 10.0)
    meter.rate(10.0, 5)
    assert not meter.due(10.1, 10.0)
