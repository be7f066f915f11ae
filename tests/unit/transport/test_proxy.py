"""Dialling through proxies: what they are asked, and what becomes of their answers."""

from __future__ import annotations

import asyncio
import socket

import pytest

from holdfast.transport import TLS, Address, open_link, parse_url
from holdfast.transport.failures import ProxyFailed
from holdfast.transport.proxy import LONGEST_ANSWER
from holdfast.transport.proxy_address import ProxyAddress, parse_proxy
from holdfast.transport.resolving import Info
from tests.support.certificates import Certificates
from tests.support.proxies import SOCKS_FORBIDDEN, SmallProxy, small_proxy
from tests.support.sockets import Ear, Peer, closed_port, listening, listening_with, until

KINDS = ["http", "socks5"]
BROKER = Address("mqtt", "broker.invalid", 1883)


def with_login(proxy: SmallProxy, login: str) -> ProxyAddress:
    """Its address, and who we are there."""
    return parse_proxy(proxy.url.replace("://", f"://{login}@"))


async def failure(proxy: ProxyAddress, address: Address = BROKER) -> ProxyFailed:
    """How dialling through it fails; the user hears of nothing."""
    ear = Ear()
    with pytest.raises(ProxyFailed) as caught:
        async with asyncio.timeout(5):
            await open_link(address, None, ear, proxy)
    assert ear.losses == []
    assert caught.value.place == proxy.place
    return caught.value


async def exchange(address: Address, proxy: ProxyAddress, tls: TLS | None = None) -> None:
    """A byte both ways."""
    ear = Ear()
    link = await open_link(address, tls, ear, proxy)
    link.write(b"?")
    await until(lambda: ear.data == b"!")
    link.abort()
    await until(lambda: ear.losses == [None])


class Answering(Peer):
    """Says ! to everything."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.write(b"!")


@pytest.mark.parametrize("kind", KINDS)
async def test_the_name_is_resolved_at_the_proxy(kind: str) -> None:
    """A name that only the proxy knows is passed on as it is, and nothing is resolved here."""
    async with (
        listening_with(Answering) as peers,
        small_proxy(
            kind, names={"broker.invalid": "127.0.0.1", "xn--bcher-kva.invalid": "127.0.0.1"}
        ) as proxy,
    ):
        for host in ("broker.invalid", "bücher.invalid", "127.0.0.1"):
            await exchange(Address("mqtt", host, peers.port), parse_proxy(proxy.url))
        asked = [host for host, _ in proxy.asked]
        assert asked == ["broker.invalid", "xn--bcher-kva.invalid", "127.0.0.1"]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_name_of_the_proxy_is_looked_up_as_any_other(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not on the threads of the program, which a silent name server would hold."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[Info]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr("holdfast.transport.proxy.resolve", resolve)
    async with listening_with(Answering) as peers, small_proxy(kind) as proxy:
        named = parse_proxy(proxy.url.replace("127.0.0.1", "proxy.example"))
        await exchange(Address("mqtt", "127.0.0.1", peers.port), named)
    assert asked == ["proxy.example"]


@pytest.mark.parametrize("kind", KINDS)
async def test_tls_is_with_the_broker(kind: str, made: Certificates) -> None:
    """The certificate is checked for the broker's name, or server_name, through the proxy."""
    names = {"broker.example": "127.0.0.1"}
    async with small_proxy(kind, names=names) as proxy:
        through = parse_proxy(proxy.url)
        async with listening_with(Answering, made.wrong_host.context()) as peers:
            address = Address("mqtts", "broker.example", peers.port)
            await exchange(address, through, TLS(ca_file=made.ca.file))
        async with listening_with(Answering, made.server.context()) as peers:
            address = Address("mqtts", "broker.example", peers.port)
            await exchange(address, through, TLS(ca_file=made.ca.file, server_name="localhost"))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_login(kind: str) -> None:
    """user:password@ of the proxy's URL; wrong or missing: login, and the password is in no sentence."""
    async with listening_with(Answering) as peers, small_proxy(kind, login=("me", "s3cret")) as proxy:
        address = Address("mqtt", "127.0.0.1", peers.port)
        await exchange(address, with_login(proxy, "me:s3cret"))
        for wrong in (parse_proxy(proxy.url), with_login(proxy, "me:hunter2")):
            error = await failure(wrong, address)
            assert error.status == "login"
            chain = f"{error!r} {error.__cause__!r} {error.__context__!r}"
            assert "hunter2" not in chain


async def test_an_answer_in_two_pieces() -> None:
    """The rest of the proxy's head is not taken for the broker's first bytes."""
    async with listening_with(Answering) as peers, small_proxy("http", split=True) as proxy:
        await exchange(Address("mqtt", "127.0.0.1", peers.port), parse_proxy(proxy.url))


async def test_a_proxy_that_is_not_there() -> None:
    """Refused, or a name that nobody knows: told of the proxy."""
    assert (await failure(parse_proxy(f"http://127.0.0.1:{closed_port()}"))).status == "refused"
    assert (await failure(parse_proxy("socks5://no-such-proxy.invalid:1080"))).status == "name"
    assert (await failure(parse_proxy("http://[ff02::1]:1"))).status == "unreachable"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_broker_that_the_proxy_does_not_reach(kind: str) -> None:
    """Refused there, or unknown there: beyond."""
    async with small_proxy(kind, names={"broker.invalid": "127.0.0.1"}) as proxy:
        address = Address("mqtt", "broker.invalid", closed_port())
        assert (await failure(parse_proxy(proxy.url), address)).status == "beyond"


@pytest.mark.parametrize(
    ("kind", "answer", "status", "words"),
    [
        ("http", b"HTTP/1.1 403 Forbidden by rule\r\n\r\n", "forbidden", "403 Forbidden by rule"),
        ("http", b"HTTP/1.1 405 No CONNECT\r\n\r\n", "forbidden", "405"),
        ("http", b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", "beyond", "504 Gateway Timeout"),
        ("http", b"HTTP/1.1 407 Who\r\n\r\n", "login", "407 Who"),
        ("http", b"HTTP/1.1 what\r\n\r\n", "unspoken", "what"),
        ("http", b"HTTP/1.1\r\n\r\n", "unspoken", ""),
        ("http", b"\x05\xff", "unspoken", "no HTTP answer"),
        ("http", b"HTTP/" + b"x" * (LONGEST_ANSWER + 1), "unspoken", "no HTTP answer"),
        ("http", b"HTTP/1.1 200 OK\r\n", "closed", ""),
        ("http", b"", "closed", ""),
        ("socks5", bytes([5, SOCKS_FORBIDDEN, 0, 1, 0, 0, 0, 0, 0, 0]), "forbidden", "not allowed"),
        ("socks5", bytes([5, 1, 0, 1, 0, 0, 0, 0, 0, 0]), "beyond", "failure"),
        ("socks5", bytes([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]), "beyond", "Host unreachable"),
        ("socks5", bytes([5, 7, 0, 1, 0, 0, 0, 0, 0, 0]), "unspoken", "not supported"),
        ("socks5", bytes([5, 99, 0, 1, 0, 0, 0, 0, 0, 0]), "unspoken", "reply code"),
        ("socks5", b"\x05\x00", "closed", ""),
    ],
)
async def test_answers(kind: str, answer: bytes, status: str, words: str) -> None:
    """HTTP statuses and SOCKS replies (RFC 1928 §6) sorted by what they mean; the words are kept."""
    async with small_proxy(kind, answer=answer) as proxy:
        error = await failure(parse_proxy(proxy.url))
    assert (error.status, words in str(error)) == (status, True)


@pytest.mark.parametrize(
    ("kind", "greeting"), [("socks5", b"HTTP/1.1 400 Bad\r\n\r\n"), ("http", b"220 hello\r\n")]
)
async def test_something_else_than_a_proxy(kind: str, greeting: bytes) -> None:
    """A server of another kind: unspoken."""

    class Other(Peer):
        def data_received(self, data: bytes) -> None:
            self.transport.write(greeting)

    async with listening_with(Other) as peers:
        assert (await failure(parse_proxy(f"{kind}://127.0.0.1:{peers.port}"))).status == "unspoken"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_resets(kind: str) -> None:
    """RST instead of an answer: closed."""

    class Resetting(Peer):
        def data_received(self, data: bytes) -> None:
            self.reset()

    async with listening_with(Resetting) as peers:
        assert (await failure(parse_proxy(f"{kind}://127.0.0.1:{peers.port}"))).status == "closed"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_attempt_can_be_cancelled(kind: str) -> None:
    """A proxy that says nothing: cancelling ends the attempt and closes the socket."""
    ear = Ear()
    async with listening() as peers:
        proxy = parse_proxy(f"{kind}://127.0.0.1:{peers.port}")
        dial = asyncio.create_task(open_link(BROKER, None, ear, proxy))
        peer = await peers.one()
        await until(lambda: bool(peer.data))
        dial.cancel()
        await until(lambda: peer.ended and dial.cancelled())
    assert ear.losses == []


async def test_websocket_through_a_proxy_that_refuses() -> None:
    """The proxy's failure comes through the layers above it as it is."""
    async with small_proxy("http", answer=b"HTTP/1.1 403 No\r\n\r\n") as proxy:
        error = await failure(parse_proxy(proxy.url), parse_url("ws://broker.invalid"))
    assert error.status == "forbidden"
