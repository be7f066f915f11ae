"""The broker's question."""

from __future__ import annotations

from holdfast.protocol import ReleaseAsked


def test_a_question_is_a_value() -> None:
    """Equal by what is asked; which of two equal ones is answered is told by identity (``Holding``)."""
    assert ReleaseAsked(1, [7]) == ReleaseAsked(1, [7])
    assert ReleaseAsked(1, [7]) != ReleaseAsked(2, [7])
