"""Through proxies: real ones in front of mosquitto over each transport, and what a client says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast import Client, Reconnect
from holdfast.errors import NotReady
from holdfast.testing import Broker, eventually
from tests.integration.conftest import AnyBroker, MakeClient
from tests.support.command import holdfast
from tests.support.leaks import SECRET
from tests.support.programs import ProxyProgram
from tests.support.proxies import small_proxy
from tests.support.sockets import closed_port, listening

PROGRAMS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("tinyproxy", "microsocks")]

over_each = pytest.mark.parametrize(
    "broker", ["mosquitto", "mosquitto-tls", "mosquitto-ws", "mosquitto-wss"], indirect=True
)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProxyProgram]:
    """A proxy of others, for HTTP and for SOCKS5, that wants a login."""
    with ProxyProgram(request.param, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def ours() -> Iterator[Broker]:
    """One broker, ours, and strict."""
    with Broker(strict=True) as broker:
        yield broker


@over_each
async def test_messages_go_through(make: MakeClient, program: ProxyProgram) -> None:
    """TCP, TLS and WebSocket through programs of others, login included: every QoS, and a clean end."""
    async with make(proxy=program.url) as client:
        got: list[str] = []

        @client.on("through/#", qos=2)
        async def handle(payload: str) -> None:
            got.append(payload)

        await client.ready(5)
        for number in range(60):
            await client.publish("through/x", str(number), qos=2)
        await client.flush(5)
        await eventually(lambda: len(got) == 60)
        assert got == [str(number) for number in range(60)]
        assert client.snapshot().connections == 1


def test_the_command_line_goes_through(ours: Broker, program: ProxyProgram) -> None:
    """--proxy on every command that dials: the broker has the message, and no password is printed."""
    done = holdfast("pub", "-u", ours.url, "--proxy", program.url, "through/x", "y")
    assert done.returncode == 0, done.stderr
    assert [message.text() for message in ours.messages("through/x")] == ["y"]
    refused = holdfast("pub", "-u", ours.url, "--proxy", program.url + "/path", "through/x", "y")
    assert refused.returncode == 2
    assert SECRET not in done.stdout + done.stderr + refused.stdout + refused.stderr


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
async def test_a_proxy_that_dies_and_comes_back(make: MakeClient, program: ProxyProgram) -> None:
    """Its end is an outage like any other; while it is away it is named, not the broker."""
    async with make(proxy=program.url) as client:
        await client.ready(5)
        program.stop()
        receipt = await client.publish("later", "x", qos=2)
        await eventually(lambda: client.snapshot().cause == "proxy")
        assert client._state.reason.startswith(f"the proxy 127.0.0.1:{program.port} refused the connection")
        program.start()
        await receipt.acknowledged(5)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
async def test_a_wrong_login(
    make: MakeClient, program: ProxyProgram, caplog: pytest.LogCaptureFixture
) -> None:
    """Said with its cause, and neither the right nor the wrong password is printed anywhere."""
    caplog.set_level(0)
    wrong = program.url.replace(SECRET, f"not-{SECRET}")
    async with make(proxy=wrong) as client:
        events = client.events()
        with pytest.raises(NotReady) as unready:
            await client.ready(0.5)
        assert unready.value.cause == "proxy_login"
        assert f"the proxy 127.0.0.1:{program.port} refused our login" in str(unready.value)
        event = await anext(events)
        said = (
            f"{unready.value!r} {unready.value.hint} {client.snapshot()!r} {event!r} {client!r} {caplog.text}"
        )
        assert SECRET not in said
        assert SECRET not in repr(client._setup)


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_name_that_only_the_proxy_knows(kind: str, ours: Broker) -> None:
    """The broker's name is resolved at the proxy."""
    url = ours.url.replace("127.0.0.1", "broker.invalid")
    async with (
        small_proxy(kind, names={"broker.invalid": "127.0.0.1"}) as proxy,
        Client(url, proxy=proxy.url, reconnect="lan") as client,
    ):
        await client.ready(5)
        assert [host for host, _ in proxy.asked] == ["broker.invalid"]


async def test_a_proxy_that_says_nothing() -> None:
    """It counts in the limit of the attempt; the sentence names both, as it may be the fault of either."""
    limit = Reconnect(first_delay_s=0.05, max_delay_s=0.05, attempt_timeout_s=0.1)
    async with listening() as peers:
        proxy = f"http://127.0.0.1:{peers.port}"
        async with Client("mqtt://broker.invalid", proxy=proxy, reconnect=limit, drain_s=0) as client:
            await eventually(lambda: client.snapshot().attempts >= 2)
            assert client.snapshot().cause == "timeout"
            place = f"broker.invalid:1883 (through the proxy 127.0.0.1:{peers.port})"
            assert client._state.reason.startswith(f"{place} did not answer in time")


async def test_no_proxy_is_taken_from_the_environment(
    ours: Broker, make: MakeClient, broker: AnyBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library never reads the environment: what other programs would obey is not looked at."""
    nowhere = f"http://127.0.0.1:{closed_port()}"
    for name in (
        "http_proxy",
        "https_proxy",
        "ws_proxy",
        "wss_proxy",
        "all_proxy",
        "ALL_PROXY",
        "HTTPS_PROXY",
    ):
        monkeypatch.setenv(name, nowhere)
    async with make() as client:
        await client.ready(5)
        assert client.snapshot().attempts == 0
