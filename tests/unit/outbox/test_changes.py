"""What the outbox writes down by itself."""

from __future__ import annotations

from holdfast.messages import Outgoing
from holdfast.outbox.changes import Answered, Buried, Unparked


def test_changes_are_values() -> None:
    """Equal by what they say, as the records of the session are."""
    row = Outgoing(1, "t", b"")
    assert Unparked([row]) == Unparked([row])
    assert Buried([1, 2]) != Buried([1])
    assert Answered(3, {"done": 1}) == Answered(3, {"done": 1})
