"""Errors of name resolution, TCP and TLS: one table, looked up from top to bottom.

``{place}`` is host and port, ``{words}`` what the error itself says, ``{kind}`` its class. Errors
that only some transports know carry a ``status`` and have a table of their own in ``transports``,
which is loaded by the first of them.
"""

from __future__ import annotations

import errno

from holdfast.resilience.rows import Row, row

# X509_V_ERR_* of OpenSSL
_NOT_YET_VALID, _EXPIRED, _UNKNOWN_CA, _OTHER_NAME = 9, 10, {18, 19, 20, 21}, {62, 64}

# The alerts of RFC 8446 §6.2 that speak of our certificate, by OpenSSL's names
_ALERTS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "TLSV1_ALERT_UNKNOWN_CA",
    *(
        f"SSLV3_ALERT_{what}"
        for what in (
            "HANDSHAKE_FAILURE",
            "BAD_CERTIFICATE",
            "UNSUPPORTED_CERTIFICATE",
            "CERTIFICATE_REVOKED",
            "CERTIFICATE_EXPIRED",
            "CERTIFICATE_UNKNOWN",
        )
    ),
}

# EAI_AGAIN on Linux, macOS, Windows
_AGAIN: set[int | str] = {-3, 2, 11002}

_UNREACHABLE: set[int | str] = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}

ERRORS = (
    row(
        "SSLCertVerificationError",
        {*_OTHER_NAME},
        "certificate",
        "the certificate of {place} is for another host: {words}",
        "Is this the right host? A name that differs on purpose stands in TLS(server_name=...).",
    ),
    row(
        "SSLCertVerificationError",
        {*_UNKNOWN_CA},
        "certificate",
        "the certificate of {place} is from a CA that is not trusted here: {words}",
        "Name the broker's CA in TLS(ca_file=...).",
    ),
    row(
        "SSLCertVerificationError",
        {_EXPIRED},
        "certificate",
        "the certificate of {place} has expired",
        "Renew it on the broker, and check the clock of this machine.",
    ),
    row(
        "SSLCertVerificationError",
        {_NOT_YET_VALID},
        "certificate",
        "the certificate of {place} is not valid yet",
        "Check the clock of this machine.",
    ),
    row(
        "SSLCertVerificationError",
        set(),
        "certificate",
        "the certificate of {place} was not accepted: {words}",
        "Is this the right host, and its CA in TLS(ca_file=...)?",
    ),
    row(
        "SSLError",
        {*_ALERTS},
        "client_certificate",
        "{place} did not accept our certificate: {words}",
        "Give the certificate that the broker asks for: TLS(cert_file=..., key_file=...).",
    ),
    row(
        "SSLError",
        {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"},
        "tls",
        "{place} does not speak TLS",
        "Write mqtt:// for this port, or name the TLS port, usually 8883.",
    ),
    row(
        "SSLError",
        set(),
        "tls",
        "no TLS with {place}: {words}",
        "Does this port speak TLS, and does the broker ask for a client certificate?",
    ),
    row(
        "gaierror",
        _AGAIN,
        "name",
        "{place}: name resolution does not work now ({words})",
        "Is the network up, and the name server reachable?",
    ),
    row("gaierror", set(), "name", "{place}: the host name is not known ({words})", "Is it spelt right?"),
    row(
        "ConnectionRefusedError",
        set(),
        "refused",
        "{place} refused the connection",
        "Is the broker running there, on this port?",
    ),
    row(
        "TimeoutError",
        set(),
        "timeout",
        "{place} did not answer in time",
        "Is a firewall in between, or is it no MQTT broker?",
    ),
    *(
        row(
            kind,
            set(),
            "reset",
            "{place} reset the connection",
            "The broker's log may say why; if it never worked: do scheme and port fit?",
        )
        for kind in ("ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError")
    ),
    row(
        "OSError",
        _UNREACHABLE,
        "unreachable",
        "{place} cannot be reached: {words}",
        "Is the network up, and is there a route to the broker?",
    ),
    row(
        "OSError",
        {errno.EMFILE, errno.ENFILE},
        "files",
        "no connection to {place}: {words}",
        "Raise the limit of open files (ulimit -n), or find what leaks them.",
    ),
    row(
        "OSError",
        set(),
        "network",
        "the connection to {place} failed: {words}",
        "The words are the operating system's; look into its log.",
    ),
    row("NoneType", set(), "closed", "{place} closed the connection", "The broker's log says why."),
    row(
        "AuthenticationFailed",
        set(),
        "authentication",
        "no authentication with {place}: {words}",
        "Of an error in the authenticator only class and place are told: its words may hold a secret.",
    ),
    row(
        "FunctionFailed",
        set(),
        "function",
        "{words}",
        "It is asked again at every attempt; its own words are not told, as they may hold a secret.",
    ),
    row(
        "HoldfastError",
        set(),
        "configuration",
        "{words}",
        "Everything is read again at every attempt: once it is mended, the next one connects.",
    ),
    row(
        "object",
        set(),
        "error",
        "the attempt to connect to {place} failed: {kind}: {words}",
        "If it is not from a function you gave, please report it.",
    ),
)


def row_of(error: BaseException | None) -> Row:
    """The first row that fits; the last one fits everything."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    facts = [getattr(error, name, None) for name in ("errno", "verify_code", "reason", "status")]
    marks = {fact for fact in facts if isinstance(fact, int | str)}
    rows = _with_transports() if hasattr(error, "status") else ERRORS
    return next(row for row in rows if row.kind in kinds and (not row.marks or row.marks & marks))


def _with_transports() -> tuple[Row, ...]:
    from holdfast.resilience.transports import TRANSPORTS

    return TRANSPORTS + ERRORS
