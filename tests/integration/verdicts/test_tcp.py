"""Rows of TCP and TLS: the real error of a real socket gets the verdict of the table (contract 29)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from holdfast.resilience import of_error
from holdfast.resilience.rows import Row
from holdfast.resilience.troubles import row_of
from holdfast.transport import TLS, open_link, parse_url
from tests.support.certificates import Certificates
from tests.support.provoking import failure, the_row
from tests.support.sockets import Ear, Peer, closed_port, listening, refusing_clients

ALERT_PROTOCOL_VERSION = bytes.fromhex("15 03 01 00 02 02 46")

Provoke = Callable[[Certificates], Awaitable[BaseException | None]]


@asynccontextmanager
async def greeting(greet: Callable[[Peer], object]) -> AsyncIterator[int]:
    """A port that does this with whoever comes."""

    async def serve() -> None:
        greet(await peers.one())

    async with listening() as peers:
        serving = asyncio.create_task(serve())
        yield peers.port
        serving.cancel()


async def refused(made: Certificates) -> BaseException | None:
    return await failure(f"mqtt://localhost:{closed_port()}")


async def reset(made: Certificates) -> BaseException | None:
    async with greeting(Peer.reset) as port:
        return await failure(f"mqtt://127.0.0.1:{port}")


async def broken_pipe(made: Certificates) -> BaseException | None:
    """FIN, then RST, before we have read either, and we write."""
    ear = Ear()
    async with listening() as peers:
        link = await open_link(parse_url(f"mqtt://127.0.0.1:{peers.port}"), None, ear)
        link.read(False)
        peer = await peers.one()
        peer.half_close()
        peer.reset()
        async with asyncio.timeout(5):
            while not ear.losses:
                link.write(b"x")
                await asyncio.sleep(0.002)
    return ear.losses[0]


async def closed(made: Certificates) -> BaseException | None:
    async with greeting(Peer.end) as port:
        return await failure(f"mqtt://127.0.0.1:{port}")


async def silent(made: Certificates) -> BaseException | None:
    async with listening() as peers:
        return await failure(f"mqtts://127.0.0.1:{peers.port}", TLS(ca_file=made.ca.file), limit_s=0.1)


# -- TLS --------------------------------------------------------------------------------------------


def presenting(which: str, ca: str = "ca") -> Provoke:
    """A server with this certificate, and a client that trusts this CA."""

    async def provoke(made: Certificates) -> BaseException | None:
        async with listening(getattr(made, which).context()) as peers:
            return await failure(f"mqtts://localhost:{peers.port}", TLS(ca_file=getattr(made, ca).file))

    return provoke


def answering(greet: Callable[[Peer], object]) -> Provoke:
    """A server that does this instead of shaking hands."""

    async def provoke(made: Certificates) -> BaseException | None:
        async with greeting(greet) as port:
            return await failure(f"mqtts://localhost:{port}", TLS(ca_file=made.ca.file))

    return provoke


async def no_certificate_of_ours(made: Certificates) -> BaseException | None:
    with refusing_clients(made.server.context(clients=made.ca.file)) as port:
        return await failure(f"mqtts://localhost:{port}", TLS(ca_file=made.ca.file))


async def a_certificate_of_strangers(made: Certificates) -> BaseException | None:
    ours = TLS(ca_file=made.ca.file, cert_file=made.stranger.cert, key_file=made.stranger.key)
    with refusing_clients(made.server.context(clients=made.ca.file)) as port:
        return await failure(f"mqtts://localhost:{port}", ours)


CERTIFICATE = "SSLCertVerificationError"

PROVOKED: dict[str, tuple[Provoke, Row]] = {
    "refused": (refused, the_row("ConnectionRefusedError", "")),
    "reset": (reset, the_row("ConnectionResetError", "")),
    "broken pipe": (broken_pipe, the_row("BrokenPipeError", "")),
    "closed": (closed, the_row("NoneType", "")),
    "timeout": (silent, the_row("TimeoutError", "")),
    "another host": (presenting("wrong_host"), the_row(CERTIFICATE, "another host")),
    "another CA": (presenting("server", "other_ca"), the_row(CERTIFICATE, "not trusted")),
    "expired": (presenting("expired"), the_row(CERTIFICATE, "expired")),
    "not valid yet": (presenting("not_yet"), the_row(CERTIFICATE, "not valid yet")),
    "not for servers": (presenting("client"), the_row(CERTIFICATE, "not accepted")),
    "no certificate of ours": (no_certificate_of_ours, the_row("SSLError", "our certificate")),
    "a certificate of strangers": (a_certificate_of_strangers, the_row("SSLError", "our certificate")),
    "another protocol": (
        answering(lambda peer: peer.write(b"220 mail.example ESMTP\r\n")),
        the_row("SSLError", "does not speak TLS"),
    ),
    "hangs up on TLS": (answering(Peer.end), the_row("SSLError", "no TLS")),
    "an older TLS": (
        answering(lambda peer: peer.write(ALERT_PROTOCOL_VERSION)),
        the_row("SSLError", "no TLS"),
    ),
}


@pytest.mark.parametrize("name", PROVOKED)
async def test_provoked(name: str, made: Certificates) -> None:
    """This row and no other; place and next step are told."""
    provoke, row = PROVOKED[name]
    error = await provoke(made)
    assert row_of(error) is row
    verdict = of_error(error, "broker.example:8883")
    assert "broker.example:8883" in verdict.sentence
    assert verdict.hint
