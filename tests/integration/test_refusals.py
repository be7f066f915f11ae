"""When the broker says no: a typed error, an event and a log line, and never an endless wait."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from holdfast import Client, Limits, Outbox, QoS, Reconnect, Will
from holdfast.client import refusals
from holdfast.client.drive import Drive
from holdfast.errors import (
    ConfigurationError,
    ConnectRefused,
    Expired,
    NotReady,
    OutboxFull,
    PublishFailed,
    PublishRefused,
    Stopped,
    SubscribeRefused,
    TooLarge,
    Undelivered,
)
from holdfast.resilience import PRESETS, backoff
from holdfast.testing import Broker, eventually
from holdfast.testing.model import BrokerLimits
from tests.integration.conftest import MakeClient, Version
from tests.support.mosquitto import Mosquitto

NOBODY = "mqtt://127.0.0.1:1"


@pytest.fixture
def limited(version: Version) -> Iterator[Callable[[BrokerLimits], Client]]:
    """Clients of a broker with these limits."""
    brokers: list[Broker] = []

    def made(limits: BrokerLimits, **options: object) -> Client:
        broker = Broker(limits=limits, strict=True).start()
        brokers.append(broker)
        return Client(broker.url, client_id="limited", reconnect="lan", drain_s=1, version=version)

    yield made
    for broker in brokers:
        assert broker.violations == []
        broker.stop()


# -- publishing ------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused for now is tried again soon."""
    monkeypatch.setattr(refusals, "DELAYS_S", (0.05, 0.05))


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
@pytest.mark.parametrize("qos", [1, 2])
async def test_refused_publish(
    make: MakeClient, broker: Broker, qos: QoS, caplog: pytest.LogCaptureFixture
) -> None:
    """An error in PUBACK or PUBREC reaches the receipt, the events, the ledger and the log."""
    async with make() as client:
        await client.ready(5)
        events = client.events()
        broker.refuse("PUBLISH", 0x99)
        receipt = await client.publish("quota", "x", qos=qos)
        with pytest.raises(PublishRefused) as refused:
            await receipt.acknowledged(5)
        assert (refused.value.code, receipt.state) == (0x99, "failed")
        assert refused.value.hint
        await client.publish("quota", "nobody looks at this receipt", qos=qos)
        await client.flush(5)
        assert client.snapshot().ledger.failed == 2
        names = [(await anext(events)).name for _ in range(2)]
        assert names == ["message_failed", "message_failed"]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len([one for one in warnings if "quota" in one.getMessage()]) == 2


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.usefixtures("impatient")
async def test_refused_for_now(make: MakeClient, broker: Broker, qos: QoS) -> None:
    """Quota exceeded: sent again and acknowledged; three times in a row and it is a dead letter (C11)."""
    async with make() as client:
        await client.ready(5)
        events = client.events()
        broker.refuse("PUBLISH", 0x97, times=2)
        receipt = await client.publish("quota", "later", qos=qos)
        await receipt.acknowledged(5)
        assert [(await anext(events)).name for _ in range(2)] == ["message_deferred"] * 2
        broker.refuse("PUBLISH", 0x97)
        receipt = await client.publish("quota", "never", qos=qos)
        with pytest.raises(PublishRefused):
            await receipt.acknowledged(5)
        assert [one.text() for one in broker.messages("quota")] == ["later"]
        ledger = client.snapshot().ledger
        assert (ledger.accepted, ledger.acknowledged, ledger.failed) == (2, 1, 1)


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
@pytest.mark.usefixtures("impatient")
async def test_a_lost_connection_is_no_try(make: MakeClient, broker: Broker) -> None:
    """Cut five times before any answer: only answers of the broker are counted (C11)."""
    broker.hold("PUBACK")
    async with make() as client:
        await client.ready(5)
        receipt = await client.publish("cut", "x")
        for count in range(1, 6):
            broker.cut()
            await eventually(lambda count=count: client.snapshot().connections == count + 1)  # type: ignore[misc]
            await client.ready(5)
        broker.release()
        await receipt.acknowledged(5)


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
async def test_group_with_mixed_results(make: MakeClient, broker: Broker) -> None:
    """A group receipt waits for all, then raises with every (index, error)."""
    async with make(limits=Limits(inflight=1)) as client:
        await client.ready(5)
        broker.refuse("PUBLISH", 0x99, times=2)
        receipt = await client.publish_many([("group", str(n)) for n in range(5)])
        with pytest.raises(PublishFailed) as failed:
            await receipt.acknowledged(5)
        assert [(index, getattr(error, "code", None)) for index, error in failed.value.errors] == [
            (0, 0x99),
            (1, 0x99),
        ]
        assert receipt.state == "failed"
        ledger = client.snapshot().ledger
        assert (ledger.accepted, ledger.failed, ledger.acknowledged) == (5, 2, 3)


@pytest.mark.parametrize("version", ["5"])
async def test_limits_of_the_broker(limited: Callable[[BrokerLimits], Client]) -> None:
    """Maximum QoS, no retain: refused here with the broker's reason code, the link stays."""
    client = limited(BrokerLimits(maximum_qos=1, retain_available=False, max_packet_bytes=1000))
    async with client:
        await client.ready(5)
        for options, code in (({"qos": 2}, 0x9B), ({"retain": True}, 0x9A)):
            receipt = await client.publish("limits", "x", **options)
            with pytest.raises(PublishRefused) as refused:
                await receipt.acknowledged(5)
            assert refused.value.code == code
        with pytest.raises(TooLarge):
            await client.publish("limits", b"x" * 1000)
        fits = await client.publish("limits", b"x" * 900)
        await fits.acknowledged(5)
        assert client.snapshot().connections == 1


@pytest.mark.parametrize("version", ["5"])
async def test_too_large_known_only_after_accepting(limited: Callable[[BrokerLimits], Client]) -> None:
    """Accepted before the limit was known: it waits for other terms, told, and nothing waits for it."""
    async with limited(BrokerLimits(max_packet_bytes=1000)) as client:
        events = client.events()
        receipt = await client.publish("large", b"x" * 2000)
        small = await client.publish("large", b"x")
        await small.acknowledged(5)
        await client.flush(5)
        assert (receipt.state, client.snapshot().parked) == ("pending", 1)
        names = [(await anext(events)).name for _ in range(2)]
        assert "message_parked" in names
        with pytest.raises(TooLarge):
            await client.publish("large", b"x" * 2000)
        with pytest.raises(Undelivered):
            await client.stop()


@pytest.mark.parametrize("version", ["5"])
async def test_server_keep_alive(limited: Callable[[BrokerLimits], Client]) -> None:
    """The broker's keep alive counts, not ours: with 1 s instead of 60 the link is pinged and lives."""
    client = limited(BrokerLimits(server_keep_alive=1))
    async with client:
        await client.ready(5)
        with pytest.raises(AssertionError):
            await eventually(lambda: client.snapshot().disconnections, 1.8)


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
async def test_expired_while_away(make: MakeClient, broker: Broker) -> None:
    """A message older than its expiry before it could be sent ends as Expired, one error per message."""
    broker.refuse("CONNECT", 0x88)
    async with make() as client:
        single = await client.publish("old", "x", expiry_s=0.05)
        group = await client.publish_many([("old", "1"), ("old", "2")], expiry_s=0.05)
        fresh = await client.publish("old", "fresh", expiry_s=60)
        expired = asyncio.get_running_loop().time() + 0.06
        await eventually(lambda: asyncio.get_running_loop().time() > expired)
        broker.release()
        client.redial()
        with pytest.raises(Expired):
            await single.acknowledged(5)
        with pytest.raises(PublishFailed) as failed:
            await group.acknowledged(5)
        await fresh.acknowledged(5)
        assert [index for index, _ in failed.value.errors] == [0, 1]
        assert [single.state, group.state, fresh.state] == ["expired", "failed", "acknowledged"]
        assert client.snapshot().ledger.expired == 3
        assert [one.text() for one in broker.messages("old")] == ["fresh"]


async def test_full_outbox() -> None:
    """No room: publish_nowait says so at once, publish after its timeout, and QoS 0 pushes out the oldest."""
    outbox = Outbox(max_bytes=5000)
    client = Client(NOBODY, client_id="full", limits=Limits(qos0_outbox=2), drain_s=0, outbox=outbox)
    await client.start()
    for _ in range(2):
        await client.publish("x", b"y" * 1900)
    with pytest.raises(OutboxFull):
        client.publish_nowait("x", b"y" * 1900)
    with pytest.raises(OutboxFull):
        await client.publish("x", b"y" * 1900, timeout_s=0.01)
    receipts = [await client.publish("x", "", qos=0) for _ in range(3)]
    await eventually(lambda: receipts[0].state == "dropped")
    with pytest.raises(PublishFailed):
        await receipts[0].acknowledged(1)
    waiting = asyncio.create_task(client.publish("x", b"y" * 1900))
    await asyncio.sleep(0)
    with pytest.raises(Exception, match="only memory held"):
        await client.stop()
    with pytest.raises(Stopped):
        await waiting


@pytest.mark.parametrize(
    "options",
    [
        {"expiry_s": float("inf")},
        {"expiry_s": float("nan")},
        {"expiry_s": 0},
        {"expiry_s": 2**32},
        {"content_type": "\ud800"},
        {"content_type": "x" * 65_536},
        {"user_properties": {"a": "\0"}},
        {"qos": 3},
    ],
)
async def test_what_cannot_be_encoded_is_refused_at_the_door(options: dict[str, object]) -> None:
    """A row that could not be sent would block all behind it: it is refused when it is published."""
    async with Client(NOBODY, drain_s=0) as client:
        with pytest.raises(ConfigurationError):
            await client.publish("x", "y", **options)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError):
            client.publish_nowait("x", "y", **options)  # type: ignore[arg-type]
        assert client.snapshot().ledger.accepted == 0


# -- subscribing -----------------------------------------------------------------------------


@contextmanager
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that allows nothing below secret/."""
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite open/#\n")
    with Mosquitto(tmp_path / "guarded", f"acl_file {acl}") as broker:
        yield broker


async def test_refused_subscription_builtin(version: Version) -> None:
    """Refused: ready() and the iterator raise, an event tells; granted later, the next reader reads."""
    with Broker() as broker:
        broker.refuse("SUBSCRIBE", 0x87)
        async with Client(broker.url, client_id="acl", version=version, reconnect="lan") as client:
            events = client.events()
            messages = await client.subscribe("secret/#").__aenter__()
            for wait in (messages.ready(5), client.ready(5)):
                with pytest.raises(SubscribeRefused):
                    await wait
            with pytest.raises(SubscribeRefused) as refused:
                await asyncio.wait_for(anext(messages), 5)
            await messages.__aexit__(SubscribeRefused, refused.value, None)
            assert refused.value.filter == "secret/#"
            assert refused.value.code == (0x87 if version == "5" else 0x80)
            names = [(await anext(events)).name for _ in range(2)]
            assert "subscription_refused" in names
            await client.ready(5)  # nobody wants it any more
            broker.release()
            async with client.subscribe("secret/#") as messages:
                await messages.ready(5)


async def test_refused_subscription_is_asked_for_again(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler's refused subscription is asked for again later, and at every connection."""
    monkeypatch.setattr("holdfast.client.consumers.REFUSED_AGAIN_S", 0.05)
    with Broker() as broker:
        broker.refuse("SUBSCRIBE", 0x87, times=3)
        async with Client(broker.url, client_id="acl", version=version, reconnect="lan") as client:

            @client.on("secret/#")
            async def handle(payload: bytes) -> None:
                """Nothing."""

            with pytest.raises(SubscribeRefused):
                await client.ready(5)
            await eventually(lambda: not client._intents.missing())
            await client.ready(5)


@pytest.mark.needs("mosquitto")
@pytest.mark.usefixtures("impatient")
async def test_acl_of_mosquitto(version: Version, tmp_path: Path) -> None:
    """mosquitto 2 refuses by acl_file what is published outside of it; subscribing it grants in silence."""
    with guarded(tmp_path) as broker:
        async with Client(broker.url, client_id="acl", version=version, reconnect="lan", drain_s=1) as client:
            async with client.subscribe("open/#") as messages:
                await messages.ready(5)
                await client.publish("open/a", "x")
                assert (await asyncio.wait_for(anext(messages), 5)).text() == "x"
            if version == "5":
                receipt = await client.publish("secret/a", "x")
                with pytest.raises(PublishRefused) as refused:
                    await receipt.acknowledged(5)
                assert refused.value.code == 0x87


# -- connecting ------------------------------------------------------------------------------


@pytest.mark.needs("mosquitto", "mosquitto_passwd")
async def test_password_file_changed_on_disk(version: Version, tmp_path: Path) -> None:
    """A wrong password is named and tried again; the right one in the file connects without a restart."""
    users = tmp_path / "users"
    command = ["mosquitto_passwd", "-b", "-c", str(users), "gateway", "right-one"]
    await asyncio.to_thread(subprocess.run, command, check=True)
    users.chmod(0o644)
    file = tmp_path / "password"
    file.write_text("wrong-one\n")
    with Mosquitto(tmp_path / "locked", f"password_file {users}", anonymous=False) as broker:
        client = Client(
            broker.url,
            client_id="pw",
            username="gateway",
            password_file=file,
            version=version,
            reconnect="lan",
        )
        async with client:
            with pytest.raises(NotReady) as refused:
                await client.ready(0.3)
            assert refused.value.cause in ("credentials", "not_authorized")
            assert isinstance(refused.value.__cause__, ConnectRefused)
            assert refused.value.hint
            file.write_text("right-one\n")
            client.redial()
            await client.ready(5)


async def refused_until_mended(tmp_path: Path, version: Version, policy: Reconnect, refusals: int) -> None:
    """A wrong password is refused, at most once in a period; mended, the next attempt is let in (A15)."""
    users, file = tmp_path / "users", tmp_path / "password"
    command = ["mosquitto_passwd", "-b", "-c", str(users), "gateway", "right-one"]
    await asyncio.to_thread(subprocess.run, command, check=True)
    users.chmod(0o644)
    file.write_text("wrong-one\n")
    options = {"username": "gateway", "password_file": file, "version": version, "reconnect": policy}
    period = max(backoff.SLOW_S, policy.max_delay_s)
    with Mosquitto(tmp_path / "locked", f"password_file {users}", anonymous=False) as broker:
        client = Client(broker.url, client_id="pw", **options)  # type: ignore[arg-type]
        events = client.events()
        async with client:
            times: list[float] = []
            async for event in events:
                if event.name == "connect_failed":
                    assert event.cause in ("credentials", "not_authorized")  # type: ignore[attr-defined]
                    assert period <= event.retry_in_s <= 1.2 * period  # type: ignore[attr-defined]
                    times.append(time.monotonic())
                if len(times) == refusals:
                    break
            assert all(later - sooner >= period for sooner, later in pairwise(times))
            file.write_text("right-one\n")
            await client.ready(1.2 * period + 5)


@pytest.mark.needs("mosquitto", "mosquitto_passwd")
async def test_a_refused_login_is_asked_for_slowly(
    version: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most one attempt in a period, each with the file read again; nobody restarts or calls anything."""
    monkeypatch.setattr(backoff, "SLOW_S", 0.5)
    await refused_until_mended(tmp_path, version, Reconnect(max_delay_s=0.1), 3)


@pytest.mark.chaos
@pytest.mark.needs("mosquitto", "mosquitto_passwd")
@pytest.mark.parametrize("preset", ["lan", "wan"])
async def test_a_refused_login_at_full_length(version: Version, tmp_path: Path, preset: str) -> None:
    """As above, with the periods that everybody has: 10 s, or the cap of 15 s."""
    await refused_until_mended(tmp_path, version, PRESETS[preset], 2)


async def test_a_broker_that_is_busy_is_asked_again_soon(version: Version) -> None:
    """0x88 and 0x89 (3.1.1: return code 3) pass by themselves: the usual backoff."""
    with Broker() as broker:
        broker.refuse("CONNECT", 0x89, times=2)
        async with Client(broker.url, client_id="x", version=version, reconnect="lan") as client:
            await client.ready(3)


async def test_max_attempts_ends_every_wait() -> None:
    """max_attempts used up: FAILED, and everything that waits raises Stopped; stop() is quick then."""
    policy = Reconnect(first_delay_s=0.001, max_delay_s=0.3, max_attempts=4)
    client = Client(NOBODY, client_id="tired", reconnect=policy, drain_s=5)
    await client.start()
    receipt = await client.publish("x", "y")
    async with client.subscribe("x") as messages:
        waits = [
            asyncio.create_task(wait)
            for wait in (
                client.ready(),
                client.flush(),
                receipt.acknowledged(),
                messages.ready(),
                messages.__anext__(),
                client.unsubscribe("z"),
            )
        ]
        async with asyncio.timeout(5):
            for ended in await asyncio.gather(*waits, return_exceptions=True):
                assert isinstance(ended, Stopped), ended
                assert "gave up" in str(ended) or "stopped before" in str(ended)
    assert client.status == "failed"
    with pytest.raises(Stopped):
        await client.publish("x", "y")
    async with asyncio.timeout(1):
        with pytest.raises(Exception, match="only memory held"):
            await client.stop()


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
@pytest.mark.parametrize("version", ["5"])
async def test_takeover_is_named(make: MakeClient) -> None:
    """Another client with our id: MQTT 5 says so (0x8E), and so do we."""
    async with make(client_id="twin") as one:
        await one.ready(5)
        async with make(client_id="twin", reconnect=Reconnect(first_delay_s=60, max_delay_s=60)):
            await eventually(lambda: one.snapshot().disconnections.get("takeover"))
        one.redial()
        await one.ready(5)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_two_with_one_id_name_it_and_slow_down(
    make: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the broker has no word for it, each suspects it at its third close, and slows down (A14)."""
    monkeypatch.setattr(backoff, "SLOW_S", 0.7)
    twin = {"client_id": "twin", "reconnect": Reconnect(max_delay_s=0.2)}
    async with make(**twin) as one, make(**twin) as other:
        both = (one, other)
        causes = await asyncio.wait_for(asyncio.gather(*map(closes, both)), 20)
        assert causes == [["closed", "closed", "takeover"]] * 2

        def connections() -> int:
            return sum(client.snapshot().connections for client in both)

        before, began = connections(), time.monotonic()
        await eventually(lambda: connections() >= before + 4, 20)
        assert time.monotonic() - began > 0.7  # each at most once in a period


async def closes(client: Client) -> list[str]:
    """What ended its connections, up to the takeover."""
    causes: list[str] = []
    async for event in client.events():
        if event.name == "disconnected":
            causes.append(event.cause)  # type: ignore[attr-defined]
            if causes[-1] == "takeover":
                assert "same client_id" in event.message
                break
    return causes


class OldBroker:
    """Speaks 3.1.1 only: how it answers a CONNECT of MQTT 5 is its one option."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.levels: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            head = await reader.readexactly(2)
            body = await reader.readexactly(head[1])
            self.levels.append(body[6])
            writer.write(b"\x20\x02\0\0" if body[6] == 4 else self._answer)
            if body[6] == 4:
                await reader.read()
        finally:
            writer.close()


@pytest.mark.parametrize(
    "answer",
    [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""],
    ids=["return code 1", "reason code 0x84", "closes without a word"],
)
async def test_falls_back_to_311(answer: bytes) -> None:
    """5 first; a broker that knows only 3.1.1 is spoken to in 3.1.1 (contract 4)."""
    old = OldBroker(answer)
    server = await asyncio.start_server(old.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(f"mqtt://127.0.0.1:{port}", reconnect="lan") as client:
        await client.ready(5)
        assert client.snapshot().version == "3.1.1"
        assert old.levels == ([5, 4] if answer else [5, 5, 4])


async def test_not_a_broker() -> None:
    """A server that speaks something else is named as such."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(f"mqtt://127.0.0.1:{port}", reconnect="lan") as client:
        with pytest.raises(NotReady, match=r"protocol|answer"):
            await client.ready(0.3)


async def test_silent_server_is_left_within_the_attempt_timeout() -> None:
    """A server that accepts and says nothing ends the attempt in time, and is named."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        url = f"mqtt://127.0.0.1:{silent.getsockname()[1]}"
        async with Client(url, reconnect=Reconnect(attempt_timeout_s=0.1)) as client:
            await eventually(lambda: client.snapshot().attempts >= 2)
            assert client.snapshot().cause == "timeout"


async def test_will(make: MakeClient, broker: object) -> None:
    """The will speaks when we vanish, not when we stop."""
    async with make() as watcher:
        got: list[str] = []

        @watcher.on("wills/{name}")
        async def handle(name: str, payload: str) -> None:
            got.append(f"{name} {payload}")

        await watcher.ready(5)
        async with make(will=Will("wills/polite", "gone", retain=False)) as polite:
            await polite.ready(5)
        rude = make(will=Will("wills/rude", lambda: "gone", retain=False))
        await rude.start()
        await rude.ready(5)
        core = rude._core
        assert core is not None
        assert isinstance(core.keeper, Drive)
        assert core.keeper.supervisor.connection is not None
        core.keeper.supervisor.connection.abort()
        await eventually(lambda: got)
        await rude.stop()
        assert got == ["rude gone"]
