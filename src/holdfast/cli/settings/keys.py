"""The keys that a client is built from: one name each, in the file, the environment and the flags.

====================  ==================================  =======================  ==============
file                  environment                         flag                     Client
====================  ==================================  =======================  ==============
``keepalive_s``       ``HOLDFAST_KEEPALIVE_S``            ``--keepalive-s``        keepalive_s=
``[tls] ca_file``     ``HOLDFAST_TLS_CA_FILE``            ``--tls-ca-file``        tls=TLS(...)
``outbox``            ``HOLDFAST_OUTBOX``                 ``--outbox``             outbox=
====================  ==================================  =======================  ==============

``outbox = FILE`` is short for ``[outbox] path = FILE``. Passwords are in no key: ``password_file`` names
the file that holds one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.cli.settings.kinds import BOOL, NUMBER, OFF, TEXT, URLS, WHOLE, Kind, named
from holdfast.cli.settings.setting import Setting, blamed, nearest, refused
from holdfast.client import Outbox, checks
from holdfast.client.brokers import parse_urls
from holdfast.client.identity import check_client_id
from holdfast.resilience import Reconnect

Check = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Key:
    """``check`` raises ConfigurationError for a value that cannot be. ``off``: it may be off.
    ``hidden``: a password may stand in it."""

    kind: Kind
    check: Check = lambda value: value
    off: bool = False
    hidden: bool = False


def _group(build: Callable[..., object], name: str, kinds: Mapping[str, Kind], off: str) -> dict[str, Key]:
    def check(field: str) -> Check:
        return lambda value: build(**{field: value})

    return {f"{name}.{field}": Key(kind, check(field), field in off.split()) for field, kind in kinds.items()}


def _proxy(url: str) -> object:
    from holdfast.transport.proxy_address import parse_proxy  # for who has one

    return parse_proxy(url)


def _outbox(path: str = "outbox.db", **field: Any) -> Outbox:
    return Outbox(path, **field)  # some of its fields make sense in a file only


KEYS: dict[str, Key] = {
    "url": Key(URLS, parse_urls, hidden=True),
    "client_id": Key(TEXT, lambda text: check_client_id(text, None, kept=False)),
    "username": Key(TEXT),
    "password_file": Key(TEXT),
    "proxy": Key(TEXT, _proxy, hidden=True),
    "version": Key(TEXT, lambda text: checks.version(text, None)),
    "keepalive_s": Key(NUMBER, checks.keepalive),
    "reconnect": Key(TEXT, checks.reconnect),
    **_group(
        Reconnect,
        "reconnect",
        {
            "first_delay_s": NUMBER,
            "multiplier": NUMBER,
            "max_delay_s": NUMBER,
            "stable_s": NUMBER,
            "attempt_timeout_s": NUMBER,
            "max_attempts": WHOLE,
            "fail_back_s": NUMBER,
        },
        off="max_attempts fail_back_s",
    ),
    **_group(
        _outbox,
        "outbox",
        {
            "path": TEXT,
            "durability": TEXT,
            "max_messages": WHOLE,
            "max_bytes": WHOLE,
            "max_age_s": NUMBER,
            "keep_qos0": BOOL,
            "overflow": TEXT,
            "on_session_lost": TEXT,
            "retry": TEXT,
            "strip_properties": BOOL,
        },
        off="max_messages max_bytes max_age_s",
    ),
    **{f"tls.{name}": Key(TEXT) for name in ("ca_file", "cert_file", "key_file", "server_name")},
}

SHORT: Mapping[str, str] = {"outbox": "outbox.path"}
GROUPS = tuple(dict.fromkeys(key.partition(".")[0] for key in KEYS if "." in key))


def setting(key: str, value: Any, origin: str, keys: Mapping[str, Key] = KEYS) -> Setting:
    """This value for this key. Raises ConfigurationError, SettingsError."""
    known = keys.get(key)
    if known is None:
        raise refused(origin, f"{key} is no key", nearest(key, keys))
    if known.off and value == OFF:
        return Setting(None, origin)
    if not known.kind.fits(value):
        off = ', or "off"' if known.off else ""
        raise refused(
            origin,
            f"{key} is {told(known, value)}, not {known.kind.word}",
            f"write it {known.kind.form}{off}",
        )
    with blamed(origin, key):
        known.check(value)
    return Setting(value, origin)


def told(key: Key, value: Any) -> str:
    """The value for a sentence, but nothing in which a password may stand."""
    return named(value) if key.hidden or isinstance(value, list | dict) else repr(value)
