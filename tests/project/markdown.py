"""The project's documents, taken apart: fenced blocks, commands, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.project.source import ROOT

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, the words after its fence, and its text."""

    path: Path
    line: int
    info: tuple[str, ...]
    body: str

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}"


def documents() -> list[Path]:
    """README, the other pages at the root, and docs/."""
    return sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def blocks(path: Path) -> Iterator[Block]:
    text = (ROOT / path).read_text("utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(path, line, tuple(match["info"].split()), match["body"])


def python_blocks() -> list[Block]:
    return [block for path in documents() for block in blocks(path) if block.info[:1] == ("python",)]


def commands(path: Path) -> Iterator[str]:
    """Each line a reader may type: of blocks that are no Python, and of code spans."""
    for block in blocks(path):
        if block.info[:1] != ("python",):
            yield from block.body.replace("\\\n", " ").splitlines()
    prose = _FENCE.sub("", (ROOT / path).read_text("utf-8"))
    yield from _SPAN.findall(prose)


def links(path: Path) -> Iterator[str]:
    """Targets inside this repository, without their anchors."""
    prose = _FENCE.sub("", (ROOT / path).read_text("utf-8"))
    for target in _LINK.findall(prose):
        if "://" not in target and not target.startswith("#"):
            yield target.partition("#")[0]
