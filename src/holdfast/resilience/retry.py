"""What only a person can mend, so that asking often helps nobody (contract 19).

After these causes the next attempt waits a slow period (``backoff``), with credentials and files read
again: a broker that is asked more often may lock the account, and two clients with one id would throw each
other out for ever. Whatever is not listed may pass by itself, and is met with the usual backoff: also what
an authenticator or a handshake trips over, as that never came to a login.
"""

from __future__ import annotations

SLOW = frozenset(
    {
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
        "version",
    }
)

LOGIN = frozenset({"credentials", "not_authorized"})
"""Slow when a login is refused. A connection that ends so had been accepted: a token expired, for one."""
