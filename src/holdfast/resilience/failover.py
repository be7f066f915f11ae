"""Which broker is dialled next, and when the client goes back to a better one (contract 3).

A *group* is a list of addresses that share sessions. The first group is the primary; each is better than
those behind it. What an address is, nobody needs to know here.

what happened                                    dialled next
an attempt failed                                the next address of the group
the same, and the group is exhausted             the best group not given up since the last CONNACK
the same, and all of them were given up          the primary, and so on from there, for ever
a connection ended                               its address again: there is the session
a better group has answered for long enough      that one
CONNACK or DISCONNECT refers to other servers    these, one after the other, at once
                                                 "server moved": they take the place of that address
                                                 "use another server": that address when they have failed

A group is exhausted when each of its addresses has failed twice, and ``attempt_timeout_s`` has passed
since the first of these failures: a broker that restarts meanwhile keeps its clients, and their messages
in flight stay certain. On a way back, before CONNACK, there are none, and one failure of each is enough; and
so is one for which waiting is no help (``slow``). Where all groups fail so, the slow wait is before the
first.

While a connection is up that is not the primary's, its betters are looked at, as seldom as the hold-down
``fail_back_s`` allows: four times in that, once a second at most and every 15 s at least. A group that
has answered every time for so long is gone back to. Answering a look is less than answering CONNECT:
after a way back that led to no connection of ``stable_s`` the next one takes twice as long, up to an hour.

Where several clients are one (a pool), each knows which groups the ``others`` are connected to (contract 25):
a group that has one of them is not given up, as it can be had, and a better group that has one of them is
gone back to at the next look. So all of them are soon with one group, the best that any of them has.

After five references in a row that led to no connection the next one counts as a failure, so that servers
which send us round in a circle are met at the speed of the backoff, and given up in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

from holdfast.resilience.backoff import Reconnect

A = TypeVar("A")

ROUNDS = 2
LOOKS = 4
LOOK_S = (1.0, 15.0)
DOUBLINGS = 20
LONGEST_HOLD_S = 3600.0
REFERENCES = 5


class Failover(Generic[A]):
    """The decisions of one client; times are seconds on one clock. ``rank``: the group, 0 is the best."""

    def __init__(
        self,
        groups: Sequence[Sequence[A]],
        policy: Reconnect,
        rank: int = 0,
        others: Callable[[], Collection[int]] = tuple,
    ) -> None:
        """``rank``: the group to begin with, where something is in flight there."""
        self._others = others
        self._groups = [list(group) for group in groups]
        self._policy = policy
        self._failures = 0
        self._since = 0.0  # the first of these failures
        self._given_up: set[int] = set()
        self._answering: dict[int, float] = {}
        self._returning = self._on_trial = False  # until CONNACK; until a connection has lasted
        self._vain_returns = 0
        self.rank = rank
        self._index = 0
        self._detour: list[A] = []
        self._references = 0  # in a row

    @property
    def target(self) -> A:
        """The address to dial."""
        return self._detour[0] if self._detour else self._groups[self.rank][self._index]

    def failed(self, now: float, slow: bool = False) -> bool:
        """An attempt at it failed. True: the next is at another group, and need not wait.

        ``slow``: this broker will say no again.
        """
        if not self._failures:
            self._since = now
        self._failures += ROUNDS if slow else 1
        self._references = 0
        if self._detour:
            del self._detour[0]
        else:
            self._index = (self._index + 1) % len(self._groups[self.rank])
        if len(self._groups) == 1 or not self._is_exhausted(now, slow):
            return False
        self._vain_returns += self._on_trial
        return not (self._give_up() and slow)

    def _is_exhausted(self, now: float, slow: bool) -> bool:
        size = len(self._groups[self.rank])
        if self.rank in self._others():
            return False
        if self._returning:
            return self._failures >= size
        waited = slow or now - self._since >= self._policy.attempt_timeout_s
        return self._failures >= ROUNDS * size and waited

    def _give_up(self) -> bool:
        """Go to the next group; whether that begins anew, behind the last."""
        self._given_up.add(self.rank)
        anew = len(self._given_up) == len(self._groups)
        if anew:  # but not with the one that failed just now
            self._given_up = set() if self.rank else {0}
        self._go(min(set(range(len(self._groups))) - self._given_up))
        return anew

    def _go(self, rank: int) -> None:
        self.rank, self._index, self._failures = rank, 0, 0
        self._returning, self._on_trial, self._detour = False, False, []

    def accepted(self) -> None:
        """CONNACK accepted us there."""
        self._failures = self._references = 0
        self._returning = False
        self._given_up = set()
        self._answering = {}

    def lost(self, up_s: float) -> None:
        """That connection ended, after so many seconds."""
        if up_s >= self._policy.stable_s and self._on_trial:
            self._on_trial, self._vain_returns = False, 0

    # -- references --------------------------------------------------------------------------

    def refer(self, addresses: Sequence[A], for_good: bool) -> bool:
        """The broker at the target sends us to these. False: once too often in a row, so it has failed."""
        if self._references >= REFERENCES:
            return False
        self._references += 1
        if for_good and not self._detour:
            self._replace(addresses)
        else:
            self._detour = list(addresses)
        return True

    def _replace(self, addresses: Sequence[A]) -> None:
        group, here = self._groups[self.rank], self.target
        others = [one for one in group if one != here]
        group[self._index : self._index + 1] = [one for one in addresses if one not in others]
        self._index = group.index(addresses[0])

    # -- going back --------------------------------------------------------------------------

    @property
    def look_s(self) -> float | None:
        """How long to wait before the betters of the present group are looked at; None: they are not."""
        hold_s = self._policy.fail_back_s
        if not self.rank or hold_s is None:
            return None
        least, most = LOOK_S
        return min(max(hold_s / LOOKS, least), most)

    def addresses(self, rank: int) -> Sequence[A]:
        """Those of this group."""
        return self._groups[rank]

    def looked(self, rank: int, answers: bool, now: float) -> None:
        """A better group was looked at."""
        if answers:
            self._answering.setdefault(rank, now)
        else:
            self._answering.pop(rank, None)

    def better(self, now: float) -> int | None:
        """The best group that has answered for long enough, or has one of the others, if there is one."""
        hold_s = self._hold_s()
        ready = {rank for rank, since in self._answering.items() if now - since >= hold_s}
        return min(ready.union(rank for rank in self._others() if rank < self.rank), default=None)

    def _hold_s(self) -> float:
        hold_s = self._policy.fail_back_s or 0.0
        return max(hold_s, min(hold_s * float(1 << min(self._vain_returns, DOUBLINGS)), LONGEST_HOLD_S))

    def go_back(self, rank: int) -> None:
        """Dial this better group next."""
        self._go(rank)
        self._returning = self._on_trial = True
