"""Settings from a file in TOML: keys and groups of the client, and tables ``[[ingest]]``.

Paths in it are as everywhere: relative to where the command runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.keys import GROUPS, KEYS, SHORT, setting
from holdfast.cli.settings.kinds import named
from holdfast.cli.settings.setting import Setting, nearest

LISTS = ("ingest",)
"""What stands in the file beside keys and groups."""


def from_file(path: str) -> tuple[dict[str, Setting], list[dict[str, Any]]]:
    """The client's settings by key, and the tables ``[[ingest]]`` as they are. Raises SettingsError."""
    document = _read(path)
    tables = document.pop("ingest", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise SettingsError(f"{path}: ingest is not a list of tables", hint="write [[ingest]] above each")
    return {key: setting(key, value, path) for key, value in _flat(document, path)}, tables


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        fact = f"{path} cannot be read: {error.strerror}"
        raise SettingsError(fact, hint="is the path right, and may this user read it?") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path} is not TOML: {error}", hint='text stands in quotes: key = "text"'
        ) from error
    except ValueError as error:  # of int(), which reads so many digits only
        raise SettingsError(
            f"{path} has a number of thousands of digits", hint="write a smaller one"
        ) from error


def _flat(document: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if name in GROUPS and isinstance(value, dict):
            yield from ((f"{name}.{field}", one) for field, one in value.items())
        elif name in KEYS or name in SHORT:
            yield SHORT.get(name, name), value
        elif name in GROUPS:
            raise SettingsError(
                f"{path}: {name} is {named(value)}, not a table", hint=f"write [{name}] above its keys"
            )
        else:
            known = [key for key in KEYS if "." not in key] + [*SHORT, "tls", *LISTS]
            raise SettingsError(f"{path}: {name} is no key", hint=nearest(name, known))
