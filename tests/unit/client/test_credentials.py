"""The password of one attempt: where it comes from, and what is told where it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.client.asked import FunctionFailed
from holdfast.client.credentials import read
from holdfast.errors import ConfigurationError
from tests.support.leaks import SECRET


def test_what_is_given_comes_before_the_url() -> None:
    """A file, then a setting or function, then the URL, else none."""
    assert read("setting", None, "url") == b"setting"
    assert read(lambda: "asked", None, "url") == b"asked"
    assert read(None, None, "url") == b"url"
    assert read(None, None, None) is None


def test_it_is_read_at_every_attempt(tmp_path: Path) -> None:
    """A function and a file are asked each time; the line end of a file is none of the password."""
    words = iter(["one", "two"])
    assert [read(lambda: next(words), None, None) for _ in range(2)] == [b"one", b"two"]
    file = tmp_path / "password"
    for word in ("first", "second"):
        file.write_text(f"{word}\r\n")
        assert read(None, file, None) == word.encode()


def test_a_function_that_fails_is_told_without_its_words() -> None:
    """Class and place; its error does not stand behind ours either."""

    def fail() -> str:
        raise KeyError(SECRET)

    with pytest.raises(FunctionFailed) as refused:
        read(fail, None, None)
    assert "password raised KeyError at test_credentials.py:" in str(refused.value)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)


@pytest.mark.parametrize(("name", "words"), [("missing", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, words: str) -> None:
    """It is named, with the system's reason and the next step."""
    with pytest.raises(ConfigurationError) as refused:
        read(None, tmp_path / name, None)
    assert f"password file {str(tmp_path / name)!r} cannot be read: {words}" in str(refused.value)
    assert refused.value.hint


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """It is named; Python's error, which quotes its content, does not stand behind ours."""
    (tmp_path / "password").write_bytes(SECRET.encode() + b"\xff")
    with pytest.raises(ConfigurationError, match=r"password' is not UTF-8$") as refused:
        read(None, tmp_path / "password", None)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)
    assert refused.value.hint
