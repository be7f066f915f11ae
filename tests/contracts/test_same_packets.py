"""The same scripts give the same packets per connection, in the same order, on mosquitto and on ours.

Only the rows of ``normal.NORMALISED`` are set aside. Where mosquitto 2.0.11 departs from the standard,
``testing.Broker`` keeps to it, and a row of ``DEVIATIONS`` names the lines that differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.codec import V5, V311, Version
from holdfast.testing import Broker
from holdfast.testing.model import BrokerLimits
from tests.contracts.conversations import messages, properties, refused, sessions, subscriptions
from tests.contracts.deviations import DEVIATIONS, differences
from tests.contracts.normal import normal
from tests.contracts.scripts import BOTH, V5_ONLY, Script
from tests.contracts.talk import Talk
from tests.support.mosquitto import Mosquitto

LIMITS = BrokerLimits(receive_maximum=20, topic_alias_maximum=10)
"""What mosquitto 2.0 announces by default."""

MODULES = (messages, properties, refused, sessions, subscriptions)
"""Importing them has registered their scripts."""

CASES = [
    *((script, version) for script in BOTH for version in (V311, V5)),
    *((script, V5) for script in V5_ONLY),
]


def transcript(port: int, script: Script, version: Version) -> list[str]:
    """What each connection of the script heard, normalised."""
    talk = Talk(port, version)
    try:
        script(talk)
    finally:
        talk.close()
    return normal(talk.transcript)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A new one each time: scripts leave sessions and retained messages behind."""
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize(("script", "version"), CASES, ids=[f"{s.__name__}-{v}" for s, v in CASES])
def test_same_packets_as_mosquitto(script: Script, version: Version, mosquitto: Mosquitto) -> None:
    """Line by line, but for what ``DEVIATIONS`` names for this script."""
    with Broker(limits=LIMITS) as broker:
        ours = transcript(broker.port, script, version)
    found = differences(ours, transcript(mosquitto.port, script, version))
    deviation = DEVIATIONS.get((script.__name__, version))
    allowed = ([], []) if deviation is None else (deviation.ours, deviation.theirs)
    assert found in (([], []), allowed)


def test_a_difference_is_found() -> None:
    """The comparison can fail: a broker that sends QoS 2 onward too early is told apart from ours."""
    limits = replace(LIMITS, forward_at="PUBLISH")
    with Broker(limits=LIMITS) as broker, Broker(limits=limits) as early:
        script = messages.to_oneself
        found = differences(transcript(broker.port, script, V5), transcript(early.port, script, V5))
    assert found != ([], [])


@pytest.mark.parametrize(("script", "version"), CASES, ids=[f"{s.__name__}-{v}" for s, v in CASES])
def test_strict_mode_finds_no_fault_in_a_legal_conversation(script: Script, version: Version) -> None:
    """What an ordinary broker takes, the strict one takes too, if it is legal."""
    with Broker(limits=LIMITS) as broker:
        plain = transcript(broker.port, script, version)
    with Broker(limits=LIMITS, strict=True) as broker:
        strict = transcript(broker.port, script, version)
    assert strict == plain


def test_every_deviation_is_of_a_script() -> None:
    """A row of a script that is no longer run would hide the next difference."""
    assert set(DEVIATIONS) <= {(script.__name__, version) for script, version in CASES}
