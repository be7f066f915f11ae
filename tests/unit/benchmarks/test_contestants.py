"""Who takes part in what, and that everyone can be had by exact pins."""

from __future__ import annotations

import re

import pytest

from benchmarks import environments
from benchmarks.cases import BY_NAME, CASES
from benchmarks.contestants import CONTESTANTS, NAMES, Contestant
from benchmarks.targets import TARGETS


def one(name: str) -> Contestant:
    return next(contestant for contestant in CONTESTANTS if contestant.name == name)


def test_every_pin_is_exact() -> None:
    """A line of peers.txt is a name and name==version: no host, no range, no option."""
    lines = (environments.ROOT / "benchmarks/peers.txt").read_text("utf-8").splitlines()
    pin = r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*"
    assert [line for line in lines if not re.fullmatch(rf"[a-z0-9-]+( {pin})+", line)] == []


def test_every_environment_is_described() -> None:
    """Each contestant lives in this checkout, in a line of peers.txt, or is the C program."""
    named = {contestant.environment for contestant in CONTESTANTS}
    assert named - {None} == {*environments.pins(), environments.C}


def test_targets_name_contestants_that_take_part() -> None:
    """No target waits for a peer that never comes."""
    for target in TARGETS:
        for name in target.peers:
            assert name in NAMES
            assert one(name).absent(BY_NAME[target.theirs]) is None


@pytest.mark.parametrize(
    ("client", "case", "why"),
    [
        ("awscrt", "publish-qos2-bulk", "has no QoS 2"),
        ("gmqtt", "receive-qos1-websocket", "has no WebSocket"),
        ("libmosquitto", "import", ""),
        ("asyncio echo", "publish-qos0", ""),
    ],
)
def test_who_stays_away_says_why(client: str, case: str, why: str) -> None:
    """A reason where one would look for the row, none where nobody would."""
    assert one(client).absent(BY_NAME[case]) == why


def test_we_take_part_in_everything() -> None:
    """No case spares Holdfast."""
    assert [case.name for case in CASES if one("holdfast").absent(case) is not None] == []


def test_what_cannot_be_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason comes back under the environment's name; the others go on."""

    def refuse(name: str, pinned: list[str]) -> None:
        if name == "gmqtt":
            raise OSError("no network")

    monkeypatch.setattr(environments, "_install", refuse)
    assert environments.prepare(["gmqtt", "mqttium"]) == {"gmqtt": "no network"}
