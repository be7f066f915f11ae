"""What becomes of a refused message: parked, tried again, or a dead letter."""

from __future__ import annotations

import pytest

from holdfast.client.refusals import DELAYS_S, PASSES, judge
from holdfast.messages import Outgoing
from holdfast.protocol import Deferred, Failed, Parked, Record, Settled


def row() -> Outgoing:
    """A message."""
    return Outgoing(7, "t", b"x")


@pytest.mark.parametrize("reason", sorted(PASSES))
def test_what_passes_is_tried_again_with_a_limit(reason: int) -> None:
    """Each time later, and the last refusal stands; only answers of the broker are counted."""
    refused = row()
    for tries, delay_s in enumerate(DELAYS_S, start=1):
        (record,) = judge([Failed(refused, reason, "no")], 100.0)
        assert isinstance(record, Deferred)
        assert (record.row, record.reason, record.detail) == (refused, reason, "no")
        assert (record.until, refused.tries) == (100.0 + delay_s, tries)
    last = Failed(refused, reason, "no")
    assert judge([last], 100.0) == [last]


@pytest.mark.parametrize("reason", [0x90, 0x99, 0x9B, 0x95, 0])
def test_what_does_not_pass_fails_at_once(reason: int) -> None:
    """A topic or payload the broker will not take is not better tomorrow."""
    refused = row()
    assert isinstance(judge([Failed(refused, reason, "")], 0.0)[0], Failed)
    assert refused.tries == 0


@pytest.mark.parametrize("reason", [0x95, 0x83])
def test_what_these_terms_forbid_is_parked(reason: int) -> None:
    """Never sent: it waits for other terms (contract 4, 10)."""
    (record,) = judge([Failed(row(), reason, "why", unsent=True)], 0.0)
    assert isinstance(record, Parked)
    assert (record.reason, record.detail) == (reason, "why")


def test_what_can_never_be_sent_here_is_no_try() -> None:
    """Retained or QoS 2 where the broker has none: a dead letter; also if withheld, or deadly to the link."""
    for record in (
        Failed(row(), 0x9A, "", unsent=True),
        Failed(row(), 0x95, "", withheld=3),
        Failed(row(), 0x80, "", kills=5),
    ):
        assert judge([record], 0.0) == [record]


def test_other_records_stay_as_they_are() -> None:
    """And in their place."""
    settled = Settled([row()], "acknowledged")
    records: list[Record] = [settled, Failed(row(), 0x97, ""), settled]
    judged = judge(records, 0.0)
    assert [type(one) for one in judged] == [Settled, Deferred, Settled]
