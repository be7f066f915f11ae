"""The settings that the documents show are settings that we read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.cli.settings.file import from_file
from holdfast.cli.settings.ingests import ingests
from tests.project.source import ROOT

BLOCKS = [
    (path.name, block)
    for path in sorted((ROOT / "docs").glob("*.md"))
    for block in re.findall(r"^```toml\n(.*?)^```", path.read_text("utf-8"), re.M | re.S)
]


def test_there_are_settings_to_check() -> None:
    """So that the check below cannot pass by finding nothing."""
    assert "ingest.md" in {name for name, _ in BLOCKS}


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_settings_are_read(tmp_path: Path, name: str, block: str) -> None:
    """Every key is known, every value and every column right."""
    path = tmp_path / name
    path.write_text(block, "utf-8")
    settings, tables = from_file(str(path))
    assert settings["url"].value
    assert len(ingests(tables, {}, str(path))) == len(tables) > 0
