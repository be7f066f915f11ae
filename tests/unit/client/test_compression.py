"""Gzip under a mark: what is compressed comes back as it was, and nothing else comes out."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.client.compression import UNNAMED, compress, decompress, is_marked, mark, unmark

TEXT = b'{"value":21.5,"unit":"C"}' * 200
PACKED = compress(TEXT, None)[0]

content_types = st.none() | st.text(max_size=40).filter(lambda text: text != UNNAMED) | st.sampled_from(
    ["", ";", "json", "application/json", "text/plain; charset=utf-8", "text/plain ;a=b;c", "a/b+gzi"]
)  # fmt: skip
payloads = st.binary(max_size=200) | st.binary(min_size=1, max_size=20).map(lambda some: some * 100)


@pytest.mark.parametrize(
    ("content_type", "marked"),
    [
        ("application/json", "application/json+gzip"),
        ("application/vnd.example.v2+json", "application/vnd.example.v2+json+gzip"),
        ("text/plain; charset=utf-8", "text/plain+gzip; charset=utf-8"),
        ("text/plain ;charset=utf-8", "text/plain+gzip ;charset=utf-8"),
        ('a/b; c="d;e+gzip"', 'a/b+gzip; c="d;e+gzip"'),
        ("application/octet-stream", "application/octet-stream+gzip"),
        ("application/gzip", "application/gzip+gzip"),
        ("json", "json+gzip"),
        ("", "+gzip"),
        (None, "application/x.holdfast+gzip"),
    ],
)
def test_the_mark_is_a_suffix_before_the_parameters(content_type: str | None, marked: str) -> None:
    """And it is taken off again."""
    assert mark(content_type) == marked
    assert is_marked(marked)
    assert not is_marked(content_type)
    assert unmark(marked) == content_type


def test_media_types_know_no_case() -> None:
    """A mark in capitals is one."""
    assert is_marked("Application/JSON+GZIP; a=b")
    assert unmark("Application/JSON+GZIP; a=b") == "Application/JSON; a=b"


@given(payloads, content_types)
def test_nothing_is_changed_by_the_way(payload: bytes, content_type: str | None) -> None:
    """For any payload and content type: what arrives opened is what was published; what left is smaller."""
    left, marked = compress(payload, content_type)
    if (left, marked) == (payload, content_type):
        return
    assert len(left) + len(marked or "") < len(payload)
    assert marked is not None
    assert is_marked(marked)
    assert (decompress(left, len(payload)), unmark(marked)) == (payload, content_type)


def test_what_would_not_be_smaller_is_left_as_it_is() -> None:
    """Payloads without pattern, and those so small that the mark costs more."""
    for payload in (b"", b"x", b"x" * 40, zlib.compress(bytes(range(256)) * 4)):
        assert compress(payload, None) == (payload, None)


def test_what_is_marked_is_compressed_already() -> None:
    """Whoever did so has said it: it leaves as it is."""
    assert compress(TEXT, "application/json+gzip") == (TEXT, "application/json+gzip")


def test_it_is_gzip_as_everybody_knows_it() -> None:
    """Any gzip reader opens it, no time stands in it, and the same payload gives the same bytes."""
    assert gzip.decompress(PACKED) == TEXT
    assert PACKED[4:8] == bytes(4)
    assert compress(TEXT, None)[0] == PACKED
    assert decompress(gzip.compress(TEXT), len(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (b"not gzip at all", "not gzip"),
        (zlib.compress(TEXT), "not gzip"),
        (PACKED[:-8] + bytes(4) + PACKED[-4:], "not gzip"),
        (b"", "end is missing"),
        (PACKED + b"\0", "behind its end"),
        (PACKED + PACKED, "behind its end"),
    ],
)
def test_what_is_not_one_whole_gzip_is_refused(packed: bytes, reason: str) -> None:
    """With the reason, for whoever has to look for it."""
    with pytest.raises(ValueError, match=reason):
        decompress(packed, 1 << 20)


def test_what_is_cut_off_is_refused_wherever_it_was_cut() -> None:
    """No length but the whole gives anything."""
    for length in range(len(PACKED)):
        with pytest.raises(ValueError, match="end is missing"):
            decompress(PACKED[:length], 1 << 20)


@given(st.integers(0, len(PACKED) * 8 - 1))
def test_no_flipped_bit_changes_the_payload(bit: int) -> None:
    """It is noticed, or was in a part of the header that means nothing."""
    flipped = bytearray(PACKED)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        payload = decompress(bytes(flipped), 1 << 20)
    except ValueError:
        return
    assert payload == TEXT


def test_the_limit_is_what_comes_out() -> None:
    """A payload of just this size does; of one byte more it does not."""
    assert decompress(PACKED, len(TEXT)) == TEXT
    with pytest.raises(ValueError, match=f"more than {len(TEXT) - 1} bytes"):
        decompress(PACKED, len(TEXT) - 1)


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    """64 MiB of zeros in 300 KB: it is given up at one MiB."""
    bomb = gzip.compress(bytes(64 << 20), 1)
    assert len(bomb) < 1 << 19
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than"):
        decompress(bomb, 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 20
