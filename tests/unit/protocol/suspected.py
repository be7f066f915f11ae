"""Links, one after another, with a message that is suspected of ending them; time moves by hand."""

from __future__ import annotations

from holdfast.messages import Outgoing
from holdfast.protocol.suspicion import PATIENCE, STRIKES, Suspicion
from tests.support.driven import row

AGREED = 1000


class Link:
    """One link after another under a suspicion; ``now`` moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.suspicion = Suspicion()

    def dies(self, head: Outgoing | None, reason: int | None = None, after_s: float = 0.01) -> None:
        """A connection that ends with this message as the oldest in flight."""
        self.open()
        self.ends(head, reason, after_s)

    def open(self) -> bool:
        """A connection; whether it begins with a control."""
        return self.suspicion.opened(self.now)

    def ends(self, head: Outgoing | None, reason: int | None = None, after_s: float = 0.01) -> None:
        """The present connection ends."""
        self.now += after_s
        self.suspicion.lost(self.now, reason, head)

    def control(self) -> float:
        """It lives through the control and answers the ping; gives how long that was."""
        deadline = self.suspicion.deadline()
        assert deadline is not None
        quiet_s, self.now = deadline - self.now, deadline
        assert self.suspicion.due(self.now)
        self.suspicion.pong(self.now)
        return quiet_s

    def alone(self) -> float:
        """A connection up to the moment at which the suspect has left, and nothing else."""
        assert self.open()
        quiet_s = self.control()
        assert self.window(waits=False) == 1
        self.suspicion.left(self.now)
        return quiet_s

    def strike(self, head: Outgoing, reason: int | None = None) -> float:
        """The link ends at once behind the suspect; gives the length of the control."""
        quiet_s = self.alone()
        self.ends(head, reason)
        return quiet_s

    def guilty(self) -> bool:
        """Whether somebody is to be given up."""
        return self.suspicion.guilty is not None

    def is_active(self) -> bool:
        """Whether anybody is suspected, or might be soon."""
        return self.suspicion.active

    def window(self, waits: bool = True, in_flight: int = 0) -> int:
        """How many may be in flight, of which so many are."""
        return self.suspicion.window(AGREED, waits, in_flight)

    def answer(self, count: int) -> int:
        """The window is full, and so many of those in it are answered; gives the next window."""
        full = self.suspicion.window(AGREED, True, self.suspicion._in_flight)
        self.suspicion.filled(full)
        return self.window(count < full, full - count)


def suspected() -> tuple[Link, Outgoing]:
    """A message behind which the link has ended twice."""
    link, head = Link(), row(1)
    for _ in range(PATIENCE):
        assert not link.open()
        link.ends(head)
    return link, head


def struck(strikes: int = STRIKES) -> tuple[Link, Outgoing]:
    """... and again when it was alone."""
    link, head = suspected()
    for _ in range(strikes):
        link.strike(head)
    return link, head
