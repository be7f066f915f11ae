"""The port for what came in and is kept."""

from __future__ import annotations

from holdfast.messages import OVERHEAD
from holdfast.outbox.intake import Held


def test_a_message_is_not_kept_before_it_has_a_number() -> None:
    """Number 0: whoever holds it has yet to keep it; nothing else is needed but where it came from."""
    held = Held(0, "a/#", "a/b", b"x")
    assert (held.number, held.tries, held.next_at, held.key) == (0, 0, 0.0, None)


def test_a_message_weighs_what_one_to_go_does() -> None:
    """The byte budgets of both directions count alike."""
    assert Held(0, "a/#", "a/b", b"xy").size == OVERHEAD + 3 + 2
