"""Settings from variables: ``HOLDFAST_`` and the key in capitals, one underscore for the dot of a group.

An empty variable is one that is not set. Variables of other names are nobody's business here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from holdfast.cli.settings.keys import KEYS, SHORT, setting, told
from holdfast.cli.settings.kinds import OFF
from holdfast.cli.settings.setting import Setting, refused


def variable(key: str) -> str:
    """The environment's name for a key."""
    return f"HOLDFAST_{key.replace('.', '_').upper()}"


def from_environment(
    environ: Mapping[str, str], wanted: Collection[str] = (*SHORT, *KEYS)
) -> dict[str, Setting]:
    """What stands there of what is ``wanted``, by key. Raises SettingsError."""
    there = [(name, text) for name in wanted if (text := environ.get(variable(name)))]
    return {
        SHORT.get(name, name): _setting(SHORT.get(name, name), variable(name), text) for name, text in there
    }


def _setting(key: str, name: str, text: str) -> Setting:
    known = KEYS[key]
    if known.off and text == OFF:
        return Setting(None, name)
    try:
        value = known.kind.read(text)
    except ValueError as error:
        raise refused(name, f"{told(known, text)} is not {known.kind.word}") from error
    return setting(key, value, name)
