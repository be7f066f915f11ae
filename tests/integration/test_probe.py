"""The probe against real brokers: it measures, names who may not, and closes what is dead (contract 21)."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

import holdfast.sync
from holdfast import Client, Limits, QoS
from holdfast.errors import LinkDown
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, Version, on_tcp, over_ip
from tests.integration.status import isolated_or_not
from tests.support.mosquitto import Mosquitto

P = 0.1
"""The interval of these tests; the constructor takes no such haste."""

LATE_S = 0.25


def hurried(client: Client, probe_s: float = P) -> Client:
    """The same client with a shorter interval."""
    client._setup.probe_s = probe_s
    return client


def answers(client: Client) -> int:
    """Round trips until now."""
    return sum(client.snapshot().round_trips.values())


@isolated_or_not
async def test_it_measures_and_nobody_sees_it(make: MakeClient, isolated: bool) -> None:
    """Again and again, whatever the client id; a handler of everything hears only what others say."""
    heard: list[str] = []
    client = hurried(make(client_id="a/b+c#", probe_s=30, isolated=isolated))

    @client.on("#", retained="never")
    async def handle(payload: str) -> None:
        heard.append(payload)

    assert client.snapshot().probe == "waiting"
    async with client:
        await client.ready(5)
        await eventually(lambda: answers(client) >= 3)
        await client.publish("other", "x")
        await eventually(lambda: heard == ["x"])
        snapshot = client.snapshot()
        assert snapshot.probe == "ok"
        assert snapshot.round_trip_s is not None
        assert 0 < snapshot.round_trip_s < 5
        assert snapshot.received == 1
    assert client.snapshot().probe == "waiting"
    assert client.snapshot().round_trip_s is None


@on_tcp
async def test_without_it_there_is_nothing(make: MakeClient) -> None:
    """The bare client is told of no round trip."""
    async with make() as client:
        await client.ready(5)
        snapshot = client.snapshot()
        assert (snapshot.probe, snapshot.round_trip_s, answers(client)) == ("off", None, 0)


@on_tcp
def test_the_client_for_threads_has_it(broker: AnyBroker, version: Version) -> None:
    """The same option, the same numbers."""
    with holdfast.sync.Client(broker.url, client_id="threads", version=version, probe_s=30) as client:
        client.ready(5)
        deadline = time.monotonic() + 5
        while client.snapshot().probe != "ok":
            assert time.monotonic() < deadline
            time.sleep(0.01)


@on_tcp
async def test_a_kept_session_is_left_without_a_filter(make: MakeClient) -> None:
    """Who comes after a clean stop, without a probe, hears nothing on that topic."""
    async with hurried(make(client_id="kept", probe_s=30)) as client:
        await eventually(lambda: answers(client))
    async with make(client_id="kept") as client, make() as other:
        await client.ready(5)
        async with client.subscribe("end") as messages:
            await messages.ready(5)
            await other.publish("holdfast/probe/kept", "x", qos=1)
            await other.publish("end", "x", qos=1)
            await asyncio.wait_for(anext(messages), 5)
            assert client.snapshot().received == 1


# -- who may not -------------------------------------------------------------------------------

ACLS = {
    "publish": "topic read #\ntopic write open/#\n",
    "subscribe": "topic write #\ntopic read open/#\n",
    "both": "topic readwrite open/#\n",
}


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("denied", ACLS)
async def test_an_acl_that_denies_it(version: Version, tmp_path: Path, denied: str) -> None:
    """Disabled and named once; the link stands for ten intervals more, and messages go through."""
    (tmp_path / "acl").write_text(ACLS[denied])
    with Mosquitto(tmp_path / "mosquitto", f"acl_file {tmp_path / 'acl'}") as broker:
        client = hurried(Client(broker.url, client_id="c", version=version, probe_s=30))
        events = client.events()
        async with client, client.subscribe("open/#") as messages:
            await messages.ready(5)
            await eventually(lambda: client.snapshot().probe == "not_authorized")
            for number in range(10):
                await client.publish("open/a", str(number))
                assert (await asyncio.wait_for(anext(messages), 5)).text() == str(number)
                await asyncio.sleep(P)
            snapshot = client.snapshot()
            assert (snapshot.connections, dict(snapshot.disconnections)) == (1, {})
            assert (snapshot.probe, answers(client)) == ("not_authorized", 0)
        disabled = [event async for event in events if event.name.startswith("probe")]
    assert [event.name for event in disabled] == ["probe_disabled"]
    assert "holdfast/probe/c" in disabled[0].message


async def test_a_refusal_is_named_by_its_reason(version: Version) -> None:
    """SUBACK says no."""
    with Broker(strict=True) as broker:
        broker.refuse("SUBSCRIBE", 0x87)
        client = Client(broker.url, client_id="c", version=version, probe_s=30)
        events = client.events()
        async with client:
            await eventually(lambda: client.snapshot().probe == "not_authorized")
        (disabled,) = [event async for event in events if event.name == "probe_disabled"]
        assert f"({'Not authorized' if version == '5' else 'Unspecified error'})" in disabled.message
        assert broker.violations == []


@pytest.mark.needs("mosquitto")
async def test_missed_while_the_link_is_alive(version: Version, tmp_path: Path) -> None:
    """It worked, and comes back no more while other messages do: told, as is its return; no end.

    Meanwhile the circuit breaker is open; one answer closes it (A13).
    """
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite #\n")
    with Mosquitto(tmp_path / "mosquitto", f"acl_file {acl}") as broker:
        client = hurried(Client(broker.url, client_id="c", version=version, probe_s=30))
        events = client.events()
        async with client, client.subscribe("open/#", qos=0) as messages:
            await messages.ready(5)
            await eventually(lambda: client.snapshot().probe == "ok")

            async def until(state: str, beats: int = 0) -> None:
                """Messages come in, several in each interval."""
                while client.snapshot().probe != state or beats > 0:
                    await client.publish("open/a", "x", qos=0)
                    await asyncio.wait_for(anext(messages), 5)
                    await asyncio.sleep(P / 4)
                    beats -= 1

            acl.write_text("topic readwrite open/#\n")
            broker.signal(signal.SIGHUP)
            await until("missed", 40)
            with pytest.raises(LinkDown) as refused:
                client.require_link()
            assert (refused.value.cause, client.snapshot().breaker) == ("probe", "open")
            acl.write_text("topic readwrite #\n")
            broker.signal(signal.SIGHUP)
            await until("ok")
            client.require_link()
            assert dict(client.snapshot().disconnections) == {}
        names = [event.name async for event in events if event.name.startswith("probe")]
    assert names == ["probe_missed", "probe_recovered"]


# -- handlers that are behind ------------------------------------------------------------------


@on_tcp
@isolated_or_not
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_window_that_is_full_costs_no_link(make: MakeClient, isolated: bool, qos: QoS) -> None:
    """A handler stuck for ten intervals, with all that the broker may send unacknowledged: still answered."""
    stuck = asyncio.Event()
    client = hurried(make(probe_s=30, isolated=isolated, limits=Limits(receive_maximum=5)))

    @client.on("work", qos=qos)
    async def handle(payload: str) -> None:
        await stuck.wait()

    async with client, make() as other:
        await client.ready(5)
        for number in range(50):
            await other.publish("work", str(number), qos=qos)
        await eventually(lambda: client.snapshot().received >= 5)
        before, began = answers(client), time.monotonic()
        await eventually(lambda: answers(client) >= before + 10, 10)
        assert time.monotonic() - began >= 9 * P
        assert client.snapshot().handled == 0
        assert client.snapshot().probe == "ok"
        assert dict(client.snapshot().disconnections) == {}
        stuck.set()
        await eventually(lambda: client.snapshot().handled == 50, 10)


# -- what is dead ------------------------------------------------------------------------------


@over_ip
@isolated_or_not
async def test_a_dead_link_is_found_within_two_intervals(
    broker: AnyBroker, make: MakeClient, isolated: bool
) -> None:
    """A network that swallows all, with a keepalive of a minute: named, and dialled anew."""
    with Proxy(broker.url) as proxy:
        client = hurried(make(url=proxy.url, probe_s=30, isolated=isolated), 0.5)
        events = client.events()
        async with client:
            await client.ready(5)
            await eventually(lambda: client.snapshot().probe == "ok")
            frozen = time.monotonic()
            proxy.hole()
            await eventually(lambda: client.snapshot().disconnections, 5)
            assert time.monotonic() - frozen <= 2 * 0.5 + LATE_S
            assert dict(client.snapshot().disconnections) == {"half_open": 1}
            proxy.heal()
            await eventually(lambda: client.snapshot().probe == "ok", 10)
        lost = [event async for event in events if event.name == "disconnected"]
    assert "neither it nor a ping was answered" in lost[0].message


@pytest.mark.needs("mosquitto")
async def test_a_probe_that_never_worked_closes_nothing(version: Version, tmp_path: Path) -> None:
    """Not authorised, and then a dead network: that is the keepalive's business."""
    (tmp_path / "acl").write_text("topic readwrite open/#\n")
    with (
        Mosquitto(tmp_path / "mosquitto", f"acl_file {tmp_path / 'acl'}") as broker,
        Proxy(broker.url) as proxy,
    ):
        client = hurried(Client(proxy.url, client_id="c", version=version, keepalive_s=1, probe_s=30))
        async with client:
            await client.ready(5)
            proxy.hole()
            await eventually(lambda: client.snapshot().disconnections, 5)
            assert dict(client.snapshot().disconnections) == {"keepalive": 1}
            proxy.heal()
