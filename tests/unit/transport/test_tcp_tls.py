"""TLS on the TCP link, handshakes with a real peer: who is trusted, who is refused, and with which error."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.transport import TLS, Address, open_link
from tests.support.certificates import Certificates
from tests.support.sockets import Ear, Peer, listening, refusing_clients, until


def secure(port: int, host: str = "localhost") -> Address:
    return Address("mqtts", host, port)


async def attempt(tls: TLS | ssl.SSLContext | None, server: ssl.SSLContext, host: str = "localhost") -> Peer:
    """Dial, exchange a byte both ways, end."""
    ear = Ear()
    async with listening(server) as peers:
        link = await open_link(secure(peers.port, host), tls, ear)
        link.write(b"?")
        peer = await peers.one()
        peer.transport.write(b"!")
        await until(lambda: ear.data == b"!" and peer.data == b"?")
        link.abort()
        await until(lambda: ear.losses == [None])
        return peer


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_tls_with_our_ca(host: str, made: Certificates) -> None:
    """The CA and the host's name, or address, fit: the link opens."""
    await attempt(TLS(ca_file=made.ca.file), made.server.context(), host)


@pytest.mark.parametrize(
    ("server", "ca", "verify_code"),
    [
        ("server", None, 20),
        ("server", "other_ca", 20),
        ("wrong_host", "ca", 62),
        ("expired", "ca", 10),
    ],
)
async def test_a_certificate_is_checked(
    server: str, ca: str | None, verify_code: int, made: Certificates
) -> None:
    """Unknown CA, another host's certificate, an expired one: the handshake fails, saying which."""
    tls = TLS(ca_file=getattr(made, ca).file) if ca else None
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        await attempt(tls, getattr(made, server).context())
    assert caught.value.verify_code == verify_code


async def test_server_name_replaces_the_host(made: Certificates) -> None:
    """server_name is the name the certificate must carry, and the one sent in SNI."""
    names: list[str | None] = []
    server = made.wrong_host.context()
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    await attempt(TLS(ca_file=made.ca.file, server_name="broker.example"), server)
    assert names == ["broker.example"]


async def test_a_client_certificate(made: Certificates) -> None:
    """A broker that demands a certificate gets ours, and accepts it."""
    tls = TLS(ca_file=made.ca.file, cert_file=made.client.cert, key_file=made.client.key)
    peer = await attempt(tls, made.server.context(clients=made.ca.file))
    assert "gateway-7" in str(peer.transport.get_extra_info("peercert"))


@pytest.mark.parametrize(
    ("ours", "reason"),
    [(None, "TLSV13_ALERT_CERTIFICATE_REQUIRED"), ("stranger", "TLSV1_ALERT_UNKNOWN_CA")],
)
async def test_a_missing_client_certificate(ours: str | None, reason: str, made: Certificates) -> None:
    """None, or one of another CA: in TLS 1.3 the alert comes after our handshake, so lost() brings it."""
    pair = getattr(made, ours) if ours else None
    tls = TLS(
        ca_file=made.ca.file, cert_file=pair.cert if pair else None, key_file=pair.key if pair else None
    )
    ear = Ear()
    with refusing_clients(made.server.context(clients=made.ca.file)) as port:
        await open_link(secure(port), tls, ear)
        await until(lambda: bool(ear.losses))
    (error,) = ear.losses
    assert isinstance(error, ssl.SSLError)
    assert error.reason == reason


async def test_alpn(made: Certificates) -> None:
    """The protocols are offered (RFC 7301), and the broker's choice stands."""
    server = made.server.context()
    server.set_alpn_protocols(["mqtt"])
    peer = await attempt(TLS(ca_file=made.ca.file, alpn=["x-other", "mqtt"]), server)
    assert peer.transport.get_extra_info("ssl_object").selected_alpn_protocol() == "mqtt"


async def test_a_context_of_your_own(made: Certificates) -> None:
    """An SSLContext is used as it is."""
    context = ssl.create_default_context(cafile=made.ca.file)
    await attempt(context, made.server.context())
    with pytest.raises(ssl.SSLCertVerificationError):
        await attempt(ssl.create_default_context(cafile=made.other_ca.file), made.server.context())


async def test_files_are_read_again_at_every_attempt(made: Certificates, tmp_path: Path) -> None:
    """A CA file that is put right while the client dials: the next attempt gets through."""
    tls = TLS(ca_file=tmp_path / "ca.pem")
    with pytest.raises(ConfigurationError):
        await attempt(tls, made.server.context())
    shutil.copy(made.other_ca.file, tmp_path / "ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        await attempt(tls, made.server.context())
    shutil.copy(made.ca.file, tmp_path / "ca.pem")
    await attempt(tls, made.server.context())


async def test_a_port_without_tls() -> None:
    """mqtts:// at a port that hangs up on TLS: an SSLError that says when, not a bare reset."""
    async with listening() as peers:
        dial = asyncio.create_task(open_link(secure(peers.port), None, Ear()))
        peer = await peers.one()
        await until(lambda: bool(peer.data))
        peer.transport.close()
        with pytest.raises(ssl.SSLError, match="ended during the TLS handshake"):
            await dial


async def test_a_port_that_answers_something_else() -> None:
    """mqtts:// at a port that speaks, but not TLS: WRONG_VERSION_NUMBER."""
    async with listening() as peers:
        dial = asyncio.create_task(open_link(secure(peers.port), None, Ear()))
        peer = await peers.one()
        peer.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with pytest.raises(ssl.SSLError) as caught:
            await dial
        assert caught.value.reason == "WRONG_VERSION_NUMBER"
