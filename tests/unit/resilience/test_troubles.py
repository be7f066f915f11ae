"""Errors of the link: each row of the table by its error (on real sockets: tests/integration/verdicts)."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl

import pytest

from holdfast.client.asked import FunctionFailed
from holdfast.errors import AuthenticationFailed, ConfigurationError
from holdfast.resilience import of_error
from holdfast.resilience.troubles import ERRORS, row_of

PLACE = "broker.example:8883"


def certificate(verify_code: int, words: str = "as OpenSSL says") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message, error.reason = verify_code, words, "CERTIFICATE_VERIFY_FAILED"
    return error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] some words (_ssl.c:1006)")
    error.reason = reason
    return error


def system(number: int) -> OSError:
    return OSError(number, os.strerror(number))


MET: list[tuple[BaseException | None, str, str, str]] = [
    (certificate(62, "Hostname mismatch."), "certificate", "another host: Hostname mismatch", "server_name"),
    (certificate(64), "certificate", "for another host", "server_name"),
    *(
        (certificate(code), "certificate", "CA that is not trusted here", "ca_file")
        for code in (18, 19, 20, 21)
    ),
    (certificate(10), "certificate", "has expired", "Renew it"),
    (certificate(9), "certificate", "not valid yet", "clock"),
    (certificate(23, "certificate revoked"), "certificate", "not accepted: certificate revoked", "ca_file"),
    (
        tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
        "client_certificate",
        "did not accept our certificate",
        "cert_file",
    ),
    (tls("TLSV1_ALERT_UNKNOWN_CA"), "client_certificate", "tlsv1 alert unknown ca", "cert_file"),
    (tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), "client_certificate", "our certificate", "cert_file"),
    (tls("SSLV3_ALERT_CERTIFICATE_EXPIRED"), "client_certificate", "our certificate", "cert_file"),
    (tls("WRONG_VERSION_NUMBER"), "tls", "does not speak TLS", "mqtt://"),
    (tls("TLSV1_ALERT_PROTOCOL_VERSION"), "tls", "no TLS with", "Does this port speak TLS"),
    (ssl.SSLError(5, "ended in the handshake"), "tls", "ended in the handshake", "client certificate"),
    (
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure"),
        "name",
        "does not work now",
        "Is the network up",
    ),
    (socket.gaierror(socket.EAI_NONAME, "Name unknown"), "name", "host name is not known", "spelt"),
    (system(errno.ECONNREFUSED), "refused", "refused the connection", "Is the broker running"),
    (TimeoutError(), "timeout", "did not answer in time", "firewall"),
    (system(errno.ETIMEDOUT), "timeout", "did not answer in time", "firewall"),
    (system(errno.ECONNRESET), "reset", "reset the connection", "does the scheme fit the port"),
    (system(errno.ECONNABORTED), "reset", "reset the connection", "does the scheme fit the port"),
    (system(errno.EPIPE), "reset", "reset the connection", "does the scheme fit the port"),
    (system(errno.ENETUNREACH), "unreachable", "cannot be reached: Network is unreachable", "route"),
    (system(errno.EHOSTUNREACH), "unreachable", "No route to host", "route"),
    (system(errno.ENETDOWN), "unreachable", "Network is down", "route"),
    (system(errno.EADDRNOTAVAIL), "unreachable", "no way from here", "port left"),
    (system(errno.EMFILE), "files", "Too many open files", "ulimit -n"),
    (system(errno.ENFILE), "files", "open files", "ulimit -n"),
    (system(errno.EPERM), "network", "failed: Operation not permitted", "operating system"),
    (None, "closed", "closed the connection", "log"),
    (AuthenticationFailed("start() raised"), "authentication", "start() raised", "a secret"),
    (FunctionFailed("the function for password raised"), "function", "raised", "every attempt"),
    (KeyError("BROKER_PASSWORD"), "error", "KeyError: 'BROKER_PASSWORD'", "a function you gave"),
    (ZeroDivisionError(), "error", "ZeroDivisionError", "report it"),
]


@pytest.mark.parametrize(("error", "cause", "fact", "hint"), MET)
def test_an_error_of_the_link(error: BaseException | None, cause: str, fact: str, hint: str) -> None:
    """A stable cause, one sentence that names host and port, and the next step."""
    verdict = of_error(error, PLACE)
    assert verdict.cause == cause
    assert PLACE in verdict.sentence or isinstance(error, FunctionFailed)
    assert fact in verdict.sentence
    assert hint in str(verdict.hint)


def test_every_row_is_met() -> None:
    """The list above reaches every row of the table: each says something no other row says."""
    met = {row_of(error) for error, *_ in MET} | {row_of(ConfigurationError("x"))}
    assert met == set(ERRORS)


def test_the_words_are_without_numbers_and_source_lines() -> None:
    """What the reader cannot use (error number, line of _ssl.c, a second full stop) is left out."""
    for error, *_ in MET:
        assert not re.search(r"_ssl\.c|Errno|\.$", of_error(error, PLACE).sentence)
