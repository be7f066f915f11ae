"""What comes with a message is passed on, and a subscription that is refused is seen."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from holdfast import Client, Message
from holdfast.errors import SubscribeRefused
from holdfast.testing import Broker, eventually
from tests.integration.conftest import MakeClient, Version, on_tcp
from tests.support.mosquitto import Mosquitto


@on_tcp
async def test_a_stored_message_says_that_it_is_one(make: MakeClient) -> None:
    """Retain is set for what the broker had kept; a live message that is not retained has none."""
    client, seen = make(), list[Message]()

    @client.on("state/#")
    async def handle(message: Message) -> None:
        seen.append(message)

    async with make() as sender:
        await (await sender.publish("state/a", "kept", retain=True)).acknowledged(5)
        async with client:
            await client.ready(5)
            await sender.publish("state/a", "live")
            await eventually(lambda: len(seen) == 2)
    assert [(one.text(), one.retain, one.duplicate) for one in seen] == [
        ("kept", True, False),
        ("live", False, False),
    ]


async def test_a_message_that_comes_again_says_so(version: Version) -> None:
    """Its acknowledgement was lost: the handler gets it once more, as a duplicate."""
    with Broker(strict=True) as broker:
        client, seen = Client(broker.url, client_id="d", version=version, reconnect="lan"), list[Message]()

        @client.on("t")
        async def handle(message: Message) -> None:
            seen.append(message)

        async with client:
            await client.ready(5)
            broker.drop("PUBACK", sender="client")
            broker.publish("t", "x")
            await eventually(lambda: len(seen) == 1)
            broker.cut()
            await eventually(lambda: len(seen) == 2)
        assert [(one.text(), one.duplicate) for one in seen] == [("x", False), ("x", True)]
        assert broker.violations == []


@on_tcp
@pytest.mark.parametrize("version", ["5"], indirect=True)
async def test_properties_are_passed_on(make: MakeClient) -> None:
    """Content type, user properties in their order, and what is left of the expiry (MQTT 5 §3.3.2.3)."""
    client, seen = make(), list[Message]()

    @client.on("t/{line}")
    async def handle(message: Message, line: int) -> None:
        seen.append(message)

    async with client, make() as sender:
        await client.ready(5)
        pairs = [("a", "1"), ("b", "2"), ("a", "3")]
        await sender.publish("t/7", "x", qos=2, content_type="text/plain", user_properties=pairs, expiry_s=60)
        await eventually(lambda: seen)
    (message,) = seen
    assert message.qos == 1
    assert message.content_type == "text/plain"
    assert message.user_properties == tuple(pairs)
    assert message.expiry_s is not None
    assert 50 < message.expiry_s <= 60
    assert message.captures == {"line": "7"}


PLUGIN = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"

ALL_BUT_SUBSCRIBING = {"publishClientSend": True, "publishClientReceive": True, "unsubscribe": True}


def rights(*filters: str) -> str:
    """What mosquitto's plugin lets everybody subscribe to."""
    acls = [{"acltype": "subscribeLiteral", "topic": one, "allow": True} for one in filters]
    return json.dumps(
        {
            "defaultACLAccess": {**ALL_BUT_SUBSCRIBING, "subscribe": False},
            "anonymousGroup": "all",
            "groups": [{"groupname": "all", "roles": [{"rolename": "all"}]}],
            "roles": [{"rolename": "all", "acls": acls}],
        }
    )


@pytest.mark.needs("mosquitto")
@pytest.mark.skipif(not Path(PLUGIN).exists(), reason="mosquitto's plugin for rights is not there")
async def test_a_refused_filter_is_in_the_snapshot(version: Version, tmp_path: Path) -> None:
    """The broker denies it: known with SUBACK, before any interval is over; granted later, it is gone."""
    file = tmp_path / "rights.json"
    file.write_text(rights("open/#"))
    lines = (f"plugin {PLUGIN}", f"plugin_opt_config_file {file}")
    with Mosquitto(tmp_path / "guarded", *lines) as broker:
        client = Client(broker.url, client_id="c", version=version, reconnect="lan", drain_s=1)

        @client.on("open/#", "secret/#")
        async def handle(payload: bytes) -> None:
            """Nothing comes."""

        async with client:
            await eventually(lambda: client.snapshot().refused == ("secret/#",))
            with pytest.raises(SubscribeRefused):
                await client.ready(5)
            file.write_text(rights("open/#", "secret/#"))
            broker.restart(signal.SIGKILL)  # else it writes its file
            await eventually(lambda: client.snapshot().refused == (), 10)
            await client.ready(5)
