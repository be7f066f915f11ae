"""What single options of the constructor may be. Each raises ConfigurationError."""

from __future__ import annotations

from math import inf

from holdfast.codec import V5, V311, Version
from holdfast.errors import ConfigurationError
from holdfast.resilience import PRESETS, Reconnect


def version(name: str | None, authentication: object) -> Version | None:
    """With an authenticator it is 5 or nothing: a fallback to 3.1.1 would drop it in silence."""
    versions: dict[str | None, Version | None] = {None: None, "5": V5, "3.1.1": V311}
    if name not in versions:
        raise ConfigurationError(f"version {name!r} is not known", hint='"5", "3.1.1", or None for both')
    if authentication is None:
        return versions[name]
    if not callable(authentication):
        raise ConfigurationError(
            "authentication= takes a function that makes an Authenticator", hint="or a class of yours"
        )
    if name == "3.1.1":
        raise ConfigurationError(
            "authentication= with version 3.1.1, which has no AUTH packet", hint='version="5"'
        )
    return V5


def keepalive(keepalive_s: float) -> int:
    """Whole seconds."""
    if not 0 <= keepalive_s <= 65_535:
        raise ConfigurationError(
            f"keepalive_s must be 0 to 65535, not {keepalive_s}", hint="0 switches it off"
        )
    if 0 < keepalive_s < 1:
        raise ConfigurationError(f"keepalive_s must be whole seconds, not {keepalive_s}")
    return int(keepalive_s)


def reconnect(policy: Reconnect | str) -> Reconnect:
    """A policy, or the preset of that name."""
    if isinstance(policy, Reconnect):
        return policy
    if policy not in PRESETS:
        raise ConfigurationError(f"reconnect {policy!r} is not known", hint='"lan", "wan" or Reconnect(...)')
    return PRESETS[policy]


def drain(drain_s: float) -> float:
    """The longest a stop may take."""
    if not drain_s >= 0:
        raise ConfigurationError(f"drain_s must not be below 0, not {drain_s}")
    return drain_s


def probe(probe_s: float | None) -> float | None:
    """Below a second a way that is only slow, as over a mobile network, would be taken for dead."""
    if probe_s is not None and not 1 <= probe_s < inf:
        raise ConfigurationError(
            f"probe_s must be 1 or more, not {probe_s}", hint="30 does for most; None switches it off"
        )
    return probe_s
