"""The statements and their tests, found by name: ``test_4_4_0_1`` checks MQTT-4.4.0-1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from holdfast.codec import V5, Version
from tests.conformance import (
    test_chapter_1,
    test_chapter_2,
    test_chapter_3,
    test_chapter_3_3_2,
    test_chapter_4,
    test_chapter_4_3,
    test_chapter_4_12,
)
from tests.conformance.versions import OF_311

Check = Callable[[Version], None]
CHAPTERS: tuple[Any, ...] = (
    *(test_chapter_1, test_chapter_2, test_chapter_3, test_chapter_3_3_2),
    *(test_chapter_4_3, test_chapter_4, test_chapter_4_12),
)


def statements() -> Iterator[tuple[str, str, Check]]:
    """Statement, the file of its test, and the test."""
    for chapter in CHAPTERS:
        for name, function in vars(chapter).items():
            if name.startswith("test_"):
                section, _, number = name.removeprefix("test_").rpartition("_")
                file = chapter.__name__.rpartition(".")[2] + ".py"
                yield f"{section.replace('_', '.')}-{number}", file, function


def versions(check: Check) -> list[Version]:
    """The versions a test runs in."""
    marks: list[Any] = vars(check)["pytestmark"]
    return [version for mark in marks if mark.name == "parametrize" for version in mark.args[1]]


def table() -> str:
    """The listing of the README."""
    rows = ["| MQTT 5 | MQTT 3.1.1 | runs in | test | what it says |", "|---|---|---|---|---|"]
    for name, file, check in statements():
        ran = " and ".join("5" if version == V5 else "3.1.1" for version in versions(check))
        claim = (check.__doc__ or "").strip()
        rows.append(f"| {name} | {OF_311.get(name, '–')} | {ran} | `{file}::{check.__name__}` | {claim} |")
    return "\n".join(rows)
