"""Class and sequence number in one key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.keys import key_of, keys_of, priority_of, seq_of, span

CLASSES = st.sampled_from([LOW, NORMAL, HIGH])
SEQS = st.integers(1, 2**60)


@given(SEQS, CLASSES)
def test_a_key_is_taken_apart_again(seq: int, priority: int) -> None:
    """Class and number come back, and the key is in the range of its class, within 64 bits."""
    key = key_of(Outgoing(seq, "t", b"", priority=priority))
    assert (seq_of(key), priority_of(key)) == (seq, priority)
    lowest, highest = span(priority)
    assert -(2**63) < lowest <= key <= highest < 2**63


@given(SEQS, SEQS, CLASSES)
def test_a_class_is_in_accept_order(one: int, two: int, priority: int) -> None:
    """Its keys rise with the numbers; ``after`` leaves out those that came before."""
    rows = [Outgoing(seq, "t", b"", priority=priority) for seq in (one, two)]
    first, second = keys_of(rows)
    assert (first < second) == (one < two)
    assert (span(priority, one)[0] <= second) == (one < two)


def test_classes_do_not_touch() -> None:
    """From high to low, each a range of its own; a normal key is its number."""
    spans = [span(priority) for priority in (HIGH, NORMAL, LOW)]
    assert spans[0][1] < spans[1][0] < spans[1][1] < spans[2][0]
    assert spans[1][0] == 1
