"""How soon the next attempt follows, by what went wrong (contract 19).

=======  ==================================================================================
class    when the next attempt follows
=======  ==================================================================================
now      at once: the other version of MQTT is spoken then
backoff  after the growing, jittered wait of ``backoff``: the broker is away, or busy
slow     once a slow period, with credentials and TLS files read again: only a person can mend
         it, and a broker that is asked more often may lock the account
stop     never: the defect is ours
=======  ==================================================================================
"""

from __future__ import annotations

from typing import Literal

Retry = Literal["now", "backoff", "slow", "stop"]

_SLOW = (
    "administrative",
    "banned",
    "certificate",
    "client_certificate",
    "client_id",
    "configuration",
    "credentials",
    "not_authorized",
    "proxy_forbidden",
    "proxy_login",
    "quota",
    "rate",
    "server_moved",
    "socket_denied",
    "takeover",
    "tls",
    "version",
    "websocket",
)

_BY_CAUSE: dict[str, Retry] = {**dict.fromkeys(_SLOW, "slow"), "internal": "stop"}


def retry_of(cause: str) -> Retry:
    """The class of this cause; what is not listed passes by itself."""
    return _BY_CAUSE.get(cause, "backoff")
