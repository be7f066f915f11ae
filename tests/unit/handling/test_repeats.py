"""The table of ``holdfast.handling.repeats``."""

from __future__ import annotations

import subprocess
import sys

from holdfast.handling.repeats import MOST, Repeats, digest_of

A, B = digest_of("a"), digest_of("b")


def test_a_key_is_handled_once() -> None:
    """The second message with it is a repeat, another key is not."""
    repeats = Repeats[str]()
    assert repeats.begin(A, "1") == "handle"
    assert repeats.done(A) == []
    assert repeats.begin(A, "2") == "repeat"
    assert repeats.begin(B, "3") == "handle"


def test_a_repeat_of_what_is_being_handled_waits_for_it() -> None:
    """It ends well: those that waited were repeats."""
    repeats = Repeats[str]()
    assert [repeats.begin(A, item) for item in ("1", "2", "3")] == ["handle", "wait", "wait"]
    assert repeats.done(A) == ["2", "3"]
    assert repeats.begin(A, "4") == "repeat"


def test_a_failure_is_not_remembered() -> None:
    """Those that waited come again, and the first of them is handled."""
    repeats = Repeats[str]()
    assert [repeats.begin(A, item) for item in ("1", "2", "3")] == ["handle", "wait", "wait"]
    again = repeats.failed(A)
    assert [repeats.begin(A, item) for item in again] == ["handle", "wait"]
    assert repeats.done(A) == ["3"]


def test_the_newest_keys_are_known() -> None:
    """In bounds: the oldest is forgotten, whether it was handled here or by an earlier process."""
    repeats = Repeats[int](dict.fromkeys([A, B]), most=2)
    assert repeats.begin(A, 1) == repeats.begin(B, 2) == "repeat"
    third = digest_of("c")
    repeats.begin(third, 3)
    repeats.done(third)
    assert [repeats.begin(one, 4) for one in (A, B, third)] == ["handle", "repeat", "repeat"]
    many = Repeats[int]()
    for number in range(2 * MOST):
        many.begin(digest_of(number), number)
        many.done(digest_of(number))
    assert len(many._handled) == MOST
    assert many.begin(digest_of(2 * MOST - 1), 0) == "repeat"


def test_what_waits_is_given_back_at_the_end() -> None:
    """The client stops: nobody handles, and nothing is remembered."""
    repeats = Repeats[str]()
    repeats.begin(A, "1")
    repeats.begin(A, "2")
    assert repeats.drain() == ["2"]
    assert repeats.begin(A, "3") == "handle"


def test_a_digest_tells_keys_apart() -> None:
    """By type as well: 1 is not "1". It is short, and takes what no UTF-8 can hold."""
    keys = [1, "1", 1.5, b"1", (1,), ("1", 2), None, True, "", "\ud800"]
    digests = {digest_of(key) for key in keys}
    assert len(digests) == len(keys)
    assert {len(one) for one in digests} == {16}


def test_a_digest_is_the_same_in_the_next_process() -> None:
    """It is kept in files."""
    command = "from holdfast.handling.repeats import digest_of; print(digest_of(('gw', 7, None)).hex())"
    told = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == digest_of(("gw", 7, None)).hex()
