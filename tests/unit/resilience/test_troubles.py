"""Errors of the link: each row of the table by its error, and most of them on real sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from holdfast.client.asked import FunctionFailed
from holdfast.errors import AuthenticationFailed, ConfigurationError
from holdfast.resilience import Verdict, of_error
from holdfast.resilience.troubles import ERRORS, row_of
from holdfast.transport import TLS, Address, open_link
from tests.support.certificates import Certificates
from tests.support.sockets import Ear, closed_port, listening, refusing_clients, until

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
    (ssl.SSLError("ended in the handshake"), "tls", "ended in the handshake", "client certificate"),
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
    (system(errno.ECONNRESET), "reset", "reset the connection", "do scheme and port fit"),
    (system(errno.ECONNABORTED), "reset", "reset the connection", "do scheme and port fit"),
    (system(errno.EPIPE), "reset", "reset the connection", "do scheme and port fit"),
    (system(errno.ENETUNREACH), "unreachable", "cannot be reached: Network is unreachable", "route"),
    (system(errno.EHOSTUNREACH), "unreachable", "No route to host", "route"),
    (system(errno.ENETDOWN), "unreachable", "Network is down", "route"),
    (system(errno.EADDRNOTAVAIL), "unreachable", "cannot be reached", "route"),
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


# -- provoked (contract 29: each verdict on real sockets, TLS and DNS included) ------------------


async def verdict_of(address: Address, options: TLS | None = None, limit_s: float = 5) -> Verdict:
    """Dial once; the verdict for how it ended."""
    ear = Ear()
    try:
        async with asyncio.timeout(limit_s):
            await open_link(address, options, ear)
    except Exception as error:
        return of_error(error, address.place)
    await until(lambda: bool(ear.losses))
    return of_error(ear.losses[0], address.place)


@asynccontextmanager
async def accepting(act: str, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port that does this with whoever comes."""

    async def greet() -> None:
        peer = await peers.one()
        if act == "reset":
            peer.reset()
        elif act == "close":
            peer.transport.close()
        else:
            peer.transport.write(b"220 mail.example ESMTP\r\n")

    async with listening(context) as peers:
        greeting = asyncio.create_task(greet())
        yield peers.port
        greeting.cancel()


Provoked = Callable[[Certificates, Path], Awaitable[Verdict]]


def trusting(made: Certificates) -> TLS:
    return TLS(ca_file=made.ca.file)


async def _refused(made: Certificates, path: Path) -> Verdict:
    return await verdict_of(Address("mqtt", "localhost", closed_port()))


async def _unknown_name(made: Certificates, path: Path) -> Verdict:
    return await verdict_of(Address("mqtt", "no-such-host.invalid", 1883), limit_s=15)


async def _reset(made: Certificates, path: Path) -> Verdict:
    async with accepting("reset") as port:
        return await verdict_of(Address("mqtt", "127.0.0.1", port))


async def _closed(made: Certificates, path: Path) -> Verdict:
    async with accepting("close") as port:
        return await verdict_of(Address("mqtt", "127.0.0.1", port))


async def _timeout(made: Certificates, path: Path) -> Verdict:
    async with listening() as peers:
        return await verdict_of(Address("mqtts", "127.0.0.1", peers.port), trusting(made), limit_s=0.1)


async def _no_tls(made: Certificates, path: Path) -> Verdict:
    async with accepting("close") as port:
        return await verdict_of(Address("mqtts", "localhost", port), trusting(made))


async def _not_tls(made: Certificates, path: Path) -> Verdict:
    async with accepting("greet") as port:
        return await verdict_of(Address("mqtts", "localhost", port), trusting(made))


async def _unknown_ca(made: Certificates, path: Path) -> Verdict:
    async with listening(made.server.context()) as peers:
        return await verdict_of(Address("mqtts", "localhost", peers.port), TLS(ca_file=made.other_ca.file))


async def _other_host(made: Certificates, path: Path) -> Verdict:
    async with listening(made.wrong_host.context()) as peers:
        return await verdict_of(Address("mqtts", "localhost", peers.port), trusting(made))


async def _expired(made: Certificates, path: Path) -> Verdict:
    async with listening(made.expired.context()) as peers:
        return await verdict_of(Address("mqtts", "localhost", peers.port), trusting(made))


async def _no_client_certificate(made: Certificates, path: Path) -> Verdict:
    with refusing_clients(made.server.context(clients=made.ca.file)) as port:
        return await verdict_of(Address("mqtts", "localhost", port), trusting(made))


async def _no_file(made: Certificates, path: Path) -> Verdict:
    return await verdict_of(Address("mqtts", "localhost", 8883), TLS(ca_file=path / "gone.pem"))


PROVOKED: list[tuple[Provoked, str, str]] = [
    (_refused, "refused", "refused the connection"),
    (_unknown_name, "name", "no-such-host.invalid:1883: "),
    (_reset, "reset", "reset the connection"),
    (_closed, "closed", "closed the connection"),
    (_timeout, "timeout", "did not answer in time"),
    (_no_tls, "tls", "ended during the TLS handshake"),
    (_not_tls, "tls", "does not speak TLS"),
    (_unknown_ca, "certificate", "CA that is not trusted here"),
    (_other_host, "certificate", "for another host"),
    (_expired, "certificate", "has expired"),
    (_no_client_certificate, "client_certificate", "did not accept our certificate"),
    (_no_file, "configuration", "gone.pem' cannot be read"),
]


@pytest.mark.parametrize(
    ("provoke", "cause", "fact"), PROVOKED, ids=[row[0].__name__[1:] for row in PROVOKED]
)
async def test_provoked(provoke: Provoked, cause: str, fact: str, made: Certificates, tmp_path: Path) -> None:
    """Contract 29: the real error of a real socket gets the verdict of the table."""
    verdict = await provoke(made, tmp_path)
    assert verdict.cause == cause
    assert fact in verdict.sentence
    assert verdict.hint
