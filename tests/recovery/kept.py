"""What `make chaos` measured is kept where it asks for it, so that documents can quote it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = "HOLDFAST_RECOVERY"
"""The variable that names the folder; unset: nothing is kept."""


def keep(name: str, measured: Any) -> None:
    """One measurement, a file."""
    folder = os.environ.get(FOLDER)
    if folder:
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{name}.json").write_text(json.dumps(measured) + "\n", "utf-8")
