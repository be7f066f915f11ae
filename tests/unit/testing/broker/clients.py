"""Raw clients that have said hello."""

from __future__ import annotations

from holdfast.codec import V5, Connack, Connect, Subscribe, SubscribeOption, Version
from holdfast.testing import Broker
from tests.contracts.talk import RawClient


def client(broker: Broker, name: str = "a", *, version: Version = V5, clean: bool = False) -> RawClient:
    """Connected with a kept session; CONNACK is read."""
    raw = RawClient(broker.port, version)
    properties = {"session_expiry_interval": 60} if version == V5 else {}
    raw.send(Connect(name, clean, properties=properties, version=version))
    raw.heard.append(raw.read())
    return raw


def subscriber(broker: Broker, filter: str = "t") -> RawClient:
    raw = client(broker)
    raw.send(Subscribe(1, [SubscribeOption(filter, 2)]))
    raw.read()
    return raw


def is_present(raw: RawClient) -> bool:
    assert isinstance(raw.heard[0], Connack)
    return raw.heard[0].session_present
