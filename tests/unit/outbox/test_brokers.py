"""Which brokers a file is for, and how their groups are called (contract 2, 3)."""

from __future__ import annotations

import pytest

from holdfast.outbox.brokers import Groups, Known, are_strangers, names, news

PAIR: Known = {"a1": "a1", "a2": "a1", "b": "b"}


@pytest.mark.parametrize(
    ("groups", "known", "called"),
    [
        ([["a"]], {}, ["a"]),
        ([["a1", "a2"], ["b"]], {}, ["a1", "b"]),
        ([["a1", "a2"], ["b"]], PAIR, ["a1", "b"]),
        ([["b"], ["a2", "a1"]], PAIR, ["b", "a1"]),  # turned round
        ([["a0", "a2"], ["c"]], PAIR, ["a1", "c"]),  # its first address is another one now
        ([["a1"], ["a2"]], PAIR, ["a1", "a2"]),  # split
        ([["a2"], ["a1"]], PAIR, ["a2", "a1"]),
        ([["c"], ["d", "a2"], ["e", "a2"]], PAIR, ["c", "a1", "e"]),
        ([["b", "a1"]], PAIR, ["b"]),  # made one
        ([], PAIR, []),
    ],
)
def test_a_group_keeps_its_name(groups: Groups, known: Known, called: list[str]) -> None:
    """That of whichever of its addresses is known; its first address where none is."""
    assert names(groups, known) == called


def test_what_is_not_known_yet_is_written_down() -> None:
    """An address that came, or went to another group; and nothing where all is as it was."""
    assert news([["a2", "a1"], ["b"]], PAIR) == {}
    assert news([["a1", "a3"], ["b"], ["c"]], PAIR) == {"a3": "a1", "c": "c"}
    assert news([["a1"], ["a2"]], PAIR) == {"a2": "a2"}


def test_one_address_in_common_is_enough() -> None:
    """A backup may be added, or taken away; but not all of them changed for others at once."""
    assert not are_strangers([["c"], ["a2"]], PAIR)
    assert are_strangers([["c"], ["d"]], PAIR)


def test_nobody_is_a_stranger_where_nobody_is_known() -> None:
    """A file that was bound to none, and somebody who only wants to look after it."""
    assert not are_strangers([["c"]], {})
    assert not are_strangers([], PAIR)
