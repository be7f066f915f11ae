"""Which rows are in flight: a line per group, the newest line is right (contract X9)."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from holdfast.outbox.flight import RELEASED, SENT, UNSENT, Flight, pack, runs, unpack

entries = st.lists(
    st.tuples(st.integers(0, 65_535), st.integers(-(2**62), 2**62)),
    min_size=1,
    max_size=60,
    unique_by=lambda e: e[1],
)


@given(entries)
def test_packed_entries_come_back(group: list[tuple[int, int]]) -> None:
    """Any identifiers and keys, in any order, keep their order."""
    assert list(unpack(pack(group))) == group


def test_a_usual_group_is_one_run() -> None:
    """Identifiers and keys that count up together: twelve bytes, however many they are."""
    assert len(pack([(7 + n, 1000 + n) for n in range(5000)])) == 12
    assert len(pack([(65_535, 9), (1, 10)])) == 24


@given(st.sets(st.integers(-100, 100)))
def test_runs_cover_exactly_these_numbers(numbers: set[int]) -> None:
    """First and last of each run: nothing more, nothing less, and no two that touch."""
    found = runs(sorted(numbers))
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(numbers)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(found))


def test_a_line_is_given_back_when_its_rows_are_gone() -> None:
    """Moved on or ended: with its last row a line is emptied, once."""
    flight = Flight()
    flight.add(SENT, [(1, 10), (2, 11)])
    flight.end([10])
    assert flight.emptied == []
    flight.add(RELEASED, flight.keys([2]))
    assert flight.emptied == [1]
    flight.end([11])
    assert flight.emptied == [1, 2]
    assert list(flight) == []
    flight.end([11])
    assert flight.emptied == [1, 2]


def test_the_newest_line_is_right() -> None:
    """Loaded again: released rows in the order of their PUBRECs, behind what is still sent."""
    flight = Flight()
    lines = [flight.add(SENT, [(n, 10 + n) for n in range(1, 5)])]
    lines += [flight.add(RELEASED, flight.keys([packet_id])) for packet_id in (3, 1)]
    loaded = Flight(lines)
    assert list(loaded.places().items()) == [
        (12, (SENT, 2)),
        (14, (SENT, 4)),
        (13, (RELEASED, 3)),
        (11, (RELEASED, 1)),
    ]
    loaded.end([14])
    assert 14 not in loaded.places()
    assert 14 not in loaded
    assert loaded.add(SENT, [(9, 99)])[0] == 4


def test_an_identifier_means_the_row_it_was_given_to_last() -> None:
    """Identifiers come round again; PUBREC is for the present row."""
    flight = Flight()
    flight.add(SENT, [(1, 10)])
    flight.end([10])
    flight.add(SENT, [(1, 20)])
    assert flight.keys([1]) == [(1, 20)]


def test_a_lost_session_empties_everything() -> None:
    """The rows come back sorted; line numbers go on."""
    flight = Flight()
    flight.add(SENT, [(2, 21), (1, 20)])
    flight.end([21])
    assert flight.clear() == [20]
    assert (list(flight), flight.emptied) == ([], [])
    assert flight.add(SENT, [(1, 20)])[0] == 2


def test_an_unsent_row_is_named_and_not_in_flight() -> None:
    """Loaded again: the older line that says it was sent means nothing, as long as the newer is there."""
    flight = Flight()
    lines = [flight.add(SENT, [(1, 10), (2, 11)]), flight.add(UNSENT, [(0, 10)])]
    for known in (flight, Flight(lines)):
        assert (list(known), 10 in known, known.named()) == ([11], False, [10, 11])
    loaded = Flight(lines)
    assert loaded.places() == {11: (SENT, 2)}
    assert loaded.clear() == [11]
    assert loaded.named() == []


def test_an_unsent_row_that_moves_on_gives_its_line_back() -> None:
    """Sent again, or ended."""
    flight = Flight()
    flight.add(SENT, [(1, 10), (2, 11)])
    flight.add(UNSENT, [(0, 10), (0, 11)])
    assert flight.emptied == [1]
    flight.add(SENT, [(3, 10)])
    assert list(flight) == [10]
    flight.end([11])
    assert flight.emptied == [1, 2]
