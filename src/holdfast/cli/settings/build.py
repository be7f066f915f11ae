"""From settings to the keywords of ``Client``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.cli.settings.setting import Settings, blamed, origin_of
from holdfast.client import Outbox
from holdfast.resilience import PRESETS, Reconnect
from holdfast.transport import TLS
from holdfast.values import replace

PLAIN = ("url", "client_id", "username", "password_file", "proxy", "version", "keepalive_s")


def keywords(settings: Settings) -> dict[str, Any]:
    """What was said; what was not has the default of ``Client``. Raises ConfigurationError, SettingsError."""
    found = {key: settings[key].value for key in PLAIN if key in settings}
    for name, build in _GROUPS.items():
        group = {key: one for key, one in settings.items() if key.partition(".")[0] == name}
        if group:
            with blamed(origin_of(group)):
                found[name] = build(**{key.rpartition(".")[2]: one.value for key, one in group.items()})
    return found


def _reconnect(*, reconnect: str = "wan", **fields: Any) -> Reconnect:
    """The preset, with what else was said of it."""
    return replace(PRESETS[reconnect], **fields)


_GROUPS: dict[str, Callable[..., object]] = {"tls": TLS, "outbox": Outbox, "reconnect": _reconnect}
