"""One suite, every way to run it: MQTT 3.1.1 and 5, on mosquitto and on our own strict broker."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

from holdfast import Client
from holdfast.testing.broker import Broker
from tests.support.mosquitto import Mosquitto

Version = Literal["5", "3.1.1"]
MakeClient = Callable[..., Client]

_serial = count(1)

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


@pytest.fixture(params=["mosquitto", "builtin"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyBroker]:
    """Both brokers; ours is strict: it hangs up on what no ordinary broker notices."""
    if request.param == "builtin":
        with Broker(strict=True) as ours:
            yield ours
            assert ours.violations == []
        return
    if shutil.which("mosquitto") is None:
        pytest.skip("not installed here: mosquitto")
    with Mosquitto(tmp_path / "mosquitto", *PERSISTENT, f"persistence_location {tmp_path}/") as theirs:
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
        return Client(**options)

    return made
