"""The states of the link, by the words that users and metrics see."""

from __future__ import annotations

from holdfast import Status


def test_words() -> None:
    """Six states; each is equal to its word."""
    words = ["disconnected", "connecting", "connected", "reconnecting", "draining", "failed"]
    assert [status.value for status in Status] == words
    assert [Status(word) == word for word in words] == [True] * 6
