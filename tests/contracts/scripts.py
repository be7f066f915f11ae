"""The register of the scripts, and what all of them use."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.codec import Subscribe, SubscribeOption
from tests.contracts.talk import Talk

Script = Callable[[Talk], None]
BOTH: list[Script] = []
V5_ONLY: list[Script] = []


def both(script: Script) -> Script:
    """Speaks either version."""
    BOTH.append(script)
    return script


def v5(script: Script) -> Script:
    """Needs MQTT 5."""
    V5_ONLY.append(script)
    return script


def subscribe(*filters: str, qos: int = 2, packet_id: int = 1, **properties: int) -> Subscribe:
    """Filters at one QoS."""
    options = [SubscribeOption(filter, qos) for filter in filters]  # type: ignore[arg-type]  # 0, 1 or 2
    return Subscribe(packet_id, options, properties)
