"""What ended an attempt or a link, in words a person can act on.

A verdict is the cause (a stable word for metrics), a sentence, and a hint. One row each; the
first row that fits counts.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from holdfast import reasons
from holdfast.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no connection."""

    cause: str
    sentence: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.sentence}. {self.hint}" if self.hint else self.sentence


def of_error(error: BaseException | None, place: str) -> Verdict:
    """The verdict for an error of name resolution, TCP or TLS; None: closed without an error."""
    for kinds, cause, sentence, hint in _ERRORS:
        if isinstance(error, kinds):
            return Verdict(cause, sentence.format(place=place, error=_words(error)), hint)
    return Verdict("network", f"the connection to {place} failed: {_words(error)}")


_Row = tuple[tuple[type[BaseException], ...], str, str, str | None]

_ERRORS: tuple[_Row, ...] = (
    (
        (ssl.SSLCertVerificationError,),
        "certificate",
        "the certificate of {place} was not accepted: {error}",
        "Is this the right host, and its CA in TLS(ca_file=...)?",
    ),
    (
        (ssl.SSLError,),
        "tls",
        "no TLS with {place}: {error}",
        "Does this port speak TLS, and does the broker ask for a client certificate?",
    ),
    ((socket.gaierror,), "name", "{place}: the host name is not known ({error})", "Is it spelt right?"),
    (
        (ConnectionRefusedError,),
        "refused",
        "{place} refused the connection",
        "Is the broker running there?",
    ),
    (
        (TimeoutError,),
        "timeout",
        "{place} did not answer in time",
        "Is a firewall in between, or is it no MQTT broker?",
    ),
    (
        (ConnectionResetError, BrokenPipeError),
        "reset",
        "{place} reset the connection",
        None,
    ),
    ((ConfigurationError,), "configuration", "{error}", None),
    ((type(None),), "closed", "{place} closed the connection", None),
)


def _words(error: BaseException | None) -> str:
    for attribute in ("verify_message", "reason", "strerror"):
        words = getattr(error, attribute, None)
        if words:
            return str(words)
    return str(error) or type(error).__name__


def of_connack(code: int, detail: str, place: str, version: int) -> Verdict:
    """The verdict for a CONNACK that refused us."""
    if version == 4:
        code = reasons.CONNACK_V311.get(code, code)
    said = f" ({detail})" if detail else ""
    hint = _CONNACK_HINTS.get(code)
    return Verdict(
        _CONNACK_CAUSES.get(code, "refused_by_broker"),
        f"{place} refused the login: {reasons.name(code)}{said}",
        hint,
    )


_CONNACK_CAUSES = {
    0x84: "version",
    0x85: "client_id",
    0x86: "credentials",
    0x87: "not_authorized",
    0x88: "server_unavailable",
    0x89: "server_busy",
    0x8A: "banned",
}

_CONNACK_HINTS = {
    0x85: "Choose another client_id.",
    0x86: "Are username and password right?",
    0x87: "Are username and password right, and may this client connect?",
    0x88: "The broker is starting or overloaded; we keep trying.",
    0x89: "The broker is overloaded; we keep trying.",
}


def of_close(by_us: bool, reason: int, detail: str, place: str) -> Verdict:
    """The verdict for a connection that one side ended on purpose."""
    if by_us and reason == 0x8D:
        return Verdict("keepalive", f"{place} fell silent: {detail}", "The link was dead; we dial anew.")
    if by_us:
        return Verdict(
            "protocol", f"{place} broke the protocol: {detail}", "Is it an MQTT broker?"
        )
    said = f" ({detail})" if detail else ""
    hint = _DISCONNECT_HINTS.get(reason)
    return Verdict(
        _DISCONNECT_CAUSES.get(reason, "closed_by_broker"),
        f"{place} ended the connection: {reasons.name(reason)}{said}",
        hint,
    )


_DISCONNECT_CAUSES = {
    0x8B: "server_shutdown",
    0x8D: "keepalive",
    0x8E: "takeover",
    0x95: "packet_too_large",
    0x98: "administrative",
}

_DISCONNECT_HINTS = {
    0x8B: "The broker is shutting down; we dial anew.",
    0x8E: "Another client uses the same client_id.",
}
