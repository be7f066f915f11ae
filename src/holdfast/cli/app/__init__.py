"""The commands, their flags and their help: the one folder that knows typer."""

from holdfast.cli.app.root import app

__all__ = ["app"]
