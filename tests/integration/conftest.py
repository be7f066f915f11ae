"""One suite, every way to run it: both versions, mosquitto over each transport, and our own strict broker.

A test that asks for ``broker`` runs on all of these. Where that would only cost time, it says so
with one of the marks below.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

from holdfast import Client
from holdfast.testing.broker import Broker
from tests.support import certificates
from tests.support.certificates import Certificates
from tests.support.mosquitto import Mosquitto, Transport

Version = Literal["5", "3.1.1"]
MakeClient = Callable[..., Client]

_serial = count(1)

# Each broker, by what its clients dial.
BROKERS: dict[str, Transport | None] = {
    "mosquitto": "tcp",
    "mosquitto-tls": "tls",
    "mosquitto-ws": "ws",
    "mosquitto-wss": "wss",
    "mosquitto-unix": "unix",
    "builtin": None,
}

on_tcp = pytest.mark.parametrize("broker", ["mosquitto", "builtin"], indirect=True)
"""The claim is about what happens above the transport."""

over_ip = pytest.mark.parametrize(
    "broker", [name for name in BROKERS if name != "mosquitto-unix"], indirect=True
)
"""The claim needs a network in between, which a Unix socket has not."""

PERSISTENT = ("persistence true", "max_queued_messages 0", "max_inflight_messages 100")


class AnyBroker(Protocol):
    """What both have in common."""

    @property
    def url(self) -> str:
        """What a client dials."""

    def restart(self) -> None:
        """Come back on the same port with the sessions there were."""


@pytest.fixture(params=["5", "3.1.1"])
def version(request: pytest.FixtureRequest) -> Version:
    """Both versions of the protocol."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for brokers: made once, as it takes a while."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=list(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyBroker]:
    """Each of them; ours is strict: it hangs up on what no ordinary broker notices."""
    transport = BROKERS[request.param]
    if transport is None:
        with Broker(strict=True) as ours:
            yield ours
            assert ours.violations == []
        return
    if shutil.which("mosquitto") is None:
        pytest.skip("not installed here: mosquitto")
    lines = (*PERSISTENT, f"persistence_location {tmp_path}/")
    pairs = request.getfixturevalue("made") if transport in ("tls", "wss") else None
    with Mosquitto(tmp_path / "mosquitto", *lines, transport=transport, certificates=pairs) as theirs:
        yield theirs


@pytest.fixture
def make(broker: AnyBroker, version: Version) -> MakeClient:
    """Makes clients for this broker in this version: a kept session, quick to come back."""

    def made(**options: Any) -> Client:
        options = {
            "url": broker.url,
            "client_id": f"test-{next(_serial)}",
            "version": version,
            "reconnect": "lan",
            "drain_s": 2,
            **options,
        }
        if isinstance(broker, Mosquitto) and options["url"].startswith(("mqtts:", "wss:")):
            options.setdefault("tls", broker.tls)
        return Client(**options)

    return made
