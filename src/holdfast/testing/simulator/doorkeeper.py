"""In some seeds the broker authenticates (MQTT 5 §4.12): its side, and a client that thinks."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from holdfast.codec import V5
from holdfast.protocol import Challenge, Opened, Reauthenticated, SessionEvent
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.scenario import Scenario

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver

METHOD = "simulated"
ANSWER, PROOF = b"answer", b"proof"
ANSWER_WITHIN_S = 0.2
AGAIN_WITHIN_S = 5.0


class Doorkeeper:
    """One challenge, one right answer, and a proof of its own."""

    method = METHOD

    def __init__(self) -> None:
        self._asked = False

    def step(self, data: bytes) -> tuple[int, bytes | None]:
        """What the client sent to what the broker says."""
        if not self._asked:
            self._asked = True
            return 0x18, b"challenge"
        return (0x00, PROOF) if data == ANSWER else (0x87, None)


def authenticates(seed: int, scenario: Scenario) -> bool:
    """Whether this seed has a doorkeeper: dice of its own, so that other seeds live as they lived."""
    return scenario.version == V5 and Random(f"doorkeeper {seed}").random() < 0.2


def heard(driver: Driver, event: SessionEvent) -> None:
    """An event of the session; what it makes the client do."""
    world = driver.world
    if isinstance(event, Challenge):
        _asked(driver, event)
    elif isinstance(event, Opened) and world.authenticates:
        world.paths["authenticated"] += 1
        world.schedule.after(world.rng.random() * AGAIN_WITHIN_S, driver, _again, driver)
    elif isinstance(event, Reauthenticated):
        world.paths["authenticated again"] += 1


def _asked(driver: Driver, challenge: Challenge) -> None:
    """A proof is looked at as it comes: what waits behind it must count for nothing until then."""
    world = driver.world
    if not challenge.final:
        world.schedule.after(world.rng.random() * ANSWER_WITHIN_S, driver, _answer, driver, challenge)
        return
    if challenge.data != PROOF:
        raise PromiseBroken(Promise.SANE, f"{challenge.data!r} is no proof")
    driver.session.answer(challenge, None, driver.now)


def _answer(driver: Driver, challenge: Challenge) -> None:
    """Perhaps too late: the connection that was asked on may be gone."""
    driver.world.paths["an answer too late"] += not driver.session._authentication.waits_for(challenge)
    driver.session.answer(challenge, ANSWER, driver.now)
    driver.pump()


def _again(driver: Driver) -> None:
    if driver.session.reauthenticate(None, driver.now):
        driver.pump()
