"""The text of URLs: what it is taken apart into, and what of it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigurationError
from holdfast.transport import urls


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("a://b", ("a", None, "b", "")),
        ("A://me:x@B:1/c?d#e", ("a", "me:x", "B:1", "/c?d#e")),
        ("a://@b/@", ("a", "", "b", "/@")),
        ("a:///b", ("a", None, "", "/b")),
        ("b:1", None),
        ("", None),
    ],
)
def test_split(url: str, parts: tuple[str, str | None, str, str] | None) -> None:
    """Scheme in lower case, user information up to the last @ before a path, host and port, the rest."""
    assert urls.split(url) == parts


@pytest.mark.parametrize(
    ("place", "usual", "found"),
    [
        ("h", 7, ("h", 7)),
        ("H:9", None, ("h", 9)),
        ("[::1]:9", 7, ("::1", 9)),
        ("[FE80::1%25e]", 7, ("fe80::1%e", 7)),
    ],
)
def test_host_and_port(place: str, usual: int | None, found: tuple[str, int]) -> None:
    """Without brackets, in lower case, with the usual port where none is written."""
    assert urls.host_and_port(f"x://{place}", "x", place, usual) == found


@pytest.mark.parametrize(
    ("place", "fact"),
    [("h", "has no port"), ("h:x", "no valid port"), ("::1", "without brackets"), (":1", "no host")],
)
def test_host_and_port_refused(place: str, fact: str) -> None:
    """Where no port is usual, one must be written."""
    with pytest.raises(ConfigurationError, match=fact):
        urls.host_and_port(f"x://{place}", "x", place, None)


@given(st.text())
def test_what_is_encoded_can_be_decoded(text: str) -> None:
    """Percent-encoding and back; what is encoded has no sign that would end a part of a URL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    encoded = urls.encoded(text, "%?#@")
    assert urls.decoded("", encoded, "a text") == text
    assert not set(encoded) & set("?#@ \n")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("a://b/c", "a://b/c"),
        ("a://me:x@b", "a://***@b"),
        ("me:x@b", "***@b"),
        ("a://b?x", "a://b?***"),
        ("a://b#x\ny", "a://b#***"),
        ("a://me:x@c@b/?x", "a://***@b/?***"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    """Everything before the last @, and every query, is hidden."""
    assert urls.safe(url) == shown
    assert str(urls.refused(url, "is wrong", None)) == f"{shown!r} is wrong"
