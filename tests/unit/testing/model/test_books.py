"""books.py: what the parts of a broker share."""

from __future__ import annotations

from holdfast.codec import Publish
from holdfast.testing.model import books as module
from holdfast.testing.model.books import Books
from holdfast.testing.model.limits import BrokerLimits


def test_a_new_life_goes_on_telling_and_knows_nothing_else() -> None:
    """What it told stays the same list, so that it can be told again; state and scripts are not inherited."""
    past, now = Books(BrokerLimits(), True), Books(BrokerLimits(), True)
    past.now, past.connects = 7.0, 3
    past.accepted.append(Publish("t", b""))
    past.routed.append(Publish("t", b""))
    past.wire.violations.append("a sentence")
    past.faults.hold("PUBACK", "client")
    now.inherit(past)
    assert (now.now, now.connects) == (7.0, 3)
    assert now.accepted is past.accepted
    assert now.routed is past.routed
    assert now.wire.violations is past.wire.violations
    assert not now.faults.active
    assert not now.sessions


def test_time_does_not_run_back_with_a_new_life() -> None:
    """The later of the two moments counts."""
    past, now = Books(BrokerLimits(), False), Books(BrokerLimits(), False)
    past.now, now.now = 7.0, 9.0
    now.inherit(past)
    assert now.now == 9.0


def test_what_is_remembered_is_bounded() -> None:
    """The latest messages are kept."""
    books = Books(BrokerLimits(), False)
    assert books.accepted.maxlen == books.routed.maxlen == module.REMEMBERED
