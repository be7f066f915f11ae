"""Errors of single transports: what they carry."""

from __future__ import annotations

import pytest

from holdfast.transport.failures import LONGEST_WORDS, ProxyFailed, UnixFailed, WebSocketFailed


@pytest.mark.parametrize(
    "error",
    [UnixFailed("missing", "a  b\n"), WebSocketFailed(404, "a b"), ProxyFailed("login", "a b", "p:1")],
)
def test_what_they_carry(error: UnixFailed | WebSocketFailed | ProxyFailed) -> None:
    """A status to look up, words in one line; an OSError to whoever knows no more."""
    assert isinstance(error, ConnectionError)
    assert error.status in {"missing", 404, "login"}
    assert str(error) == "a b"
    assert getattr(error, "place", "p:1") == "p:1"


def test_words_of_others_are_cut() -> None:
    """What the other side says is shown to its first words."""
    assert str(WebSocketFailed(500, "x" * 1000)) == "x" * LONGEST_WORDS + "..."
