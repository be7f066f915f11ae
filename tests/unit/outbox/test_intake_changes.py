"""What is written down of messages that came in."""

from __future__ import annotations

from holdfast.outbox.intake import Held
from holdfast.outbox.intake_changes import Begun, Died, Ended, LetGo, Remembered, Unbound


def test_they_are_values() -> None:
    """Equal by what they say; begun is not ended."""
    held = Held(1, "a", "t", b"")
    assert Died([held], 0x83, "no") == Died([held], 0x83, "no")
    assert LetGo((1, 2)) == LetGo([1, 2])
    assert Unbound(1, range(2)) != Unbound(2, range(2))
    assert Remembered("a", (b"1",)) == Remembered("a", [b"1"])
    assert Begun("a", b"1") != Ended("a", b"1")
