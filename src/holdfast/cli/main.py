"""The door of the command line: says what is missing before anything is imported that needs it."""

from __future__ import annotations

import sys

EXTRA = "the holdfast command needs the cli extra: pip install 'holdfast[cli]'"
USAGE = 2


def main() -> None:
    """Entry point of ``holdfast``."""
    try:
        from holdfast.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        print(EXTRA, file=sys.stderr)
        sys.exit(USAGE)
    app()
