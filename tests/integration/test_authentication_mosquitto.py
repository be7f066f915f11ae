"""Enhanced authentication against mosquitto, with a plugin of ours that is compiled here."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from holdfast import Authenticator, Client
from holdfast.errors import AuthenticationFailed, NotReady
from holdfast.testing import eventually
from tests.integration.authenticated import QUICK
from tests.support.mosquitto import Mosquitto

SOURCE = Path(__file__).parents[1] / "support" / "mosquitto_auth.c"
HEADERS = "#include <mosquitto_broker.h>\n#include <mosquitto_plugin.h>\n"

pytestmark = pytest.mark.needs("mosquitto", "cc")


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared object."""
    compiler = shutil.which("cc")
    assert compiler is not None, "the mark above has seen to it"
    asked = subprocess.run([compiler, "-E", "-x", "c", "-"], input=HEADERS.encode(), capture_output=True)
    if asked.returncode:
        pytest.skip("not installed here: mosquitto_plugin.h (apt-get install mosquitto-dev)")
    made = tmp_path_factory.mktemp("plugin") / "auth.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", made, SOURCE], check=True)
    return made


@pytest.fixture
def broker(plugin: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that asks riddles and takes tokens."""
    with Mosquitto(tmp_path / "mosquitto", f"plugin {plugin}", "max_queued_messages 0") as running:
        yield running


class Riddle(Authenticator):
    """One challenge, and a proof that is looked at."""

    method = "riddle"
    proofs: ClassVar[list[bytes]] = []

    async def challenge(self, data: bytes) -> bytes:
        return data[::-1]

    def finish(self, data: bytes) -> None:
        if data != b"solved":
            raise ValueError(data)
        Riddle.proofs.append(data)


class Wrong(Riddle):
    """An answer that is none."""

    def challenge(self, data: bytes) -> bytes:  # type: ignore[override]
        return data


class Token(Authenticator):
    """No challenge, no proof."""

    method = "token"

    def start(self) -> bytes:
        return b"good"


class Unknown(Token):
    """A method it does not have."""

    method = "SCRAM-SHA-256"


def client_of(broker: Mosquitto, make: Callable[[], Authenticator]) -> Client:
    return Client(broker.url, client_id="c", reconnect=QUICK, drain_s=1, authentication=make)


@pytest.mark.parametrize("make", [Riddle, Token])
async def test_messages_cross(broker: Mosquitto, make: type[Authenticator]) -> None:
    """Authenticated at every connection, with a challenge and a proof or with a token alone."""
    Riddle.proofs.clear()
    async with client_of(broker, make) as client, client.subscribe("t", qos=2) as messages:
        for number in range(2):
            await client.ready(5)
            await client.publish("t", str(number), qos=2)
            assert (await anext(messages)).text() == str(number)
            broker.restart()
        await eventually(lambda: client.snapshot().connections == 3)
    assert len(Riddle.proofs) == (3 if make is Riddle else 0)


@pytest.mark.parametrize(
    ("make", "words"), [(Wrong, "Not authorized"), (Unknown, "Bad authentication method")]
)
async def test_refused(broker: Mosquitto, make: type[Authenticator], words: str) -> None:
    """CONNACK 0x87 and 0x8C, by their names."""
    async with client_of(broker, make) as client:
        with pytest.raises(NotReady, match=words):
            await client.ready(0.5)


async def test_again_while_messages_flow(broker: Mosquitto) -> None:
    """A token in one step: on the same connection, with messages in both directions."""
    async with client_of(broker, Token) as client, client.subscribe("t", qos=1) as messages:
        await client.ready(5)
        for number in range(3):
            receipts = [await client.publish("t", str(number)) for _ in range(100)]
            await client.reauthenticate()
            for receipt in receipts:
                await receipt.acknowledged(5)
            for _ in receipts:
                assert (await anext(messages)).text() == str(number)
        assert client.snapshot().disconnections == {}


async def test_again_with_a_challenge(broker: Mosquitto) -> None:
    """On a link where nothing else is going on: the same connection, and a proof each time."""
    Riddle.proofs.clear()
    async with client_of(broker, Riddle) as client:
        await client.ready(5)
        for _ in range(3):
            await client.reauthenticate()
        assert client.snapshot().connections == 1
    assert len(Riddle.proofs) == 4


class Slow(Riddle):
    """Answers the second exchange when it is told to."""

    asked: ClassVar[asyncio.Event]
    go_on: ClassVar[asyncio.Event]

    async def challenge(self, data: bytes) -> bytes:
        Slow.asked.set()
        await Slow.go_on.wait()
        return await super().challenge(data)


async def test_mosquitto_takes_nothing_else_between_challenge_and_answer(broker: Mosquitto) -> None:
    """Contract X12: against §4.12.1 it hangs up. Named; back at once, authenticated, nothing lost."""
    Slow.asked, Slow.go_on = asyncio.Event(), asyncio.Event()
    Slow.go_on.set()
    async with client_of(broker, Slow) as client:
        await client.ready(5)
        Slow.asked.clear()
        Slow.go_on.clear()
        again = asyncio.create_task(client.reauthenticate())
        await Slow.asked.wait()
        receipt = await client.publish("t", "x", qos=2)
        with pytest.raises(AuthenticationFailed, match=r"Protocol Error|link was lost"):
            await again
        Slow.go_on.set()
        await receipt.acknowledged(5)
        assert client.snapshot().connections == 2


async def test_refused_again(broker: Mosquitto) -> None:
    """It hangs up; we are back with a right answer."""
    answers = iter([Riddle, Wrong])
    async with client_of(broker, lambda: next(answers, Riddle)()) as client:
        await client.ready(5)
        with pytest.raises(AuthenticationFailed) as failed:
            await client.reauthenticate()
        assert failed.value.code in (0x87, None)
        await eventually(lambda: client.snapshot().connections == 2)
