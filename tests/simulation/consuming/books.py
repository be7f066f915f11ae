"""What one handler has done, and what it must not (contract 13, 14): judged as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from holdfast import QoS
from holdfast.topics import matches

FILTERS = ("k/{key}", "k/#", "k/0", "k/1", "k/1/#")
GUEST, READER = "g/{key}", "r/#"


@dataclass(frozen=True)
class Sent:
    """One message. ``name``: those that repeat it have the same."""

    number: int
    name: int
    topic: str
    qos: QoS
    size: int

    @property
    def payload(self) -> bytes:
        """What it is known by."""
        return f"{self.number}:{self.name}:{'x' * self.size}".encode()

    @classmethod
    def of(cls, topic: str, payload: bytes, qos: QoS = 0) -> Sent:
        """Which one came."""
        number, name, rest = payload.decode().split(":")
        return cls(int(number), int(name), topic, qos, len(rest))


@dataclass(frozen=True)
class Spec:
    """One handler, the same in each life. ``key`` None: by concurrency alone.

    ``comes``: it comes and goes. ``reads``: until the last life it is a subscription that somebody reads.
    """

    filter: str
    comes: bool
    reads: bool
    concurrency: int
    key: str | None
    dedupe: bool
    attempts: int

    @property
    def plain(self) -> str:
        """The filter as the broker knows it."""
        return self.filter.replace("{key}", "+").replace("{key:#}", "#")

    def lane(self, sent: Sent) -> str | None:
        """What it must not run beside; None: anything."""
        if self.key is not None:
            return sent.topic
        return "all" if self.concurrency == 1 else None

    @classmethod
    def draw(cls, chance: Random, filter: str) -> Spec:
        """Read one from the dice; its filter says who it is."""
        keyed = "{key}" in filter and chance.random() < 0.6
        return cls(
            filter=filter,
            comes=filter == GUEST,
            reads=filter == READER,
            concurrency=1 if filter == READER else chance.choice((1, 1, 2, 4)),
            key="{key}" if keyed else None,
            dedupe=filter != READER and chance.random() < 0.4,
            attempts=chance.choice((1, 2, 3)),
        )


class Book:
    """Of one handler over all lives; ``wrong`` is everybody's."""

    def __init__(self, spec: Spec, wrong: list[str], tell: Callable[[str], None]) -> None:
        self.spec = spec
        self._wrong = wrong
        self._tell = tell
        self._well: set[int] = set()
        self._dead: set[int] = set()
        self._excused: set[int] = set()
        self._behind: set[int] = set()
        self._names: set[int] = set()
        self.begin(set())

    def begin(self, twice: set[int]) -> None:
        """A process begins; these may come ``twice``, as only the broker does not know that we have them."""
        self._twice = twice
        self._running: set[int] = set()
        self._over: set[int] = set()
        self._over_names: set[int] = set()
        self._open: dict[str, Sent] = {}
        self._newest: dict[tuple[str, QoS], int] = {}

    def began(self, sent: Sent) -> None:
        """The handler is called."""
        number = sent.number
        self._tell(f"{self.spec.filter} begins {number}")
        if number not in self._twice:
            if number in self._running:
                self._say(f"{number} is handled twice at a time")
            if number in self._over:
                self._say(f"{number} is handled again, and had ended")
        if self.spec.dedupe and sent.name in self._over_names:
            self._say(f"{number} is handled, and repeats one that was")
        lane = self.spec.lane(sent)
        repeats = self.spec.dedupe and sent.name != number  # and may have waited for another one
        if lane is not None and number not in self._behind and not repeats:
            self._keeps_order(sent, lane)
        self._running.add(number)

    def _keeps_order(self, sent: Sent, lane: str) -> None:
        """Per QoS. A duplicate may be late."""
        number, line = sent.number, (lane, sent.qos)
        other = self._open.get(lane, sent)
        if other != sent:
            self._say(f"{number} is handled while {other.number} of {lane} is not done")
        newest = self._newest.get(line, 0)
        if number < newest and number not in self._well | self._dead | self._twice:
            self._say(f"{number} is handled behind {newest} of {lane}")
        self._open[lane], self._newest[line] = sent, max(number, newest)

    def left_behind(self) -> None:
        """The handler takes no more; what it still runs, the next one runs beside, and may get later."""
        self._behind |= self._running
        self._open = {lane: sent for lane, sent in self._open.items() if sent.number not in self._running}

    def forgot(self) -> None:
        """What was handled is known to this handler alone, and the next one is another."""
        self._over_names = set()

    def ended(self, sent: Sent, how: str) -> None:
        """It returned: well, dead, again or cancelled."""
        self._tell(f"{self.spec.filter} ends {sent.number}: {how}")
        self._running.discard(sent.number)
        if how == "again" and sent.number not in self._dead:  # else it was given up meanwhile
            return
        lane = self.spec.lane(sent)
        if lane is not None:
            self._open.pop(lane, None)
        if how in ("cancelled", "again"):
            return
        self._over.add(sent.number)
        if how == "well":
            self._well.add(sent.number)
            self._names.add(sent.name)
            self._over_names.add(sent.name)

    def died(self, sent: Sent) -> None:
        """It is a dead letter, of this handler or another."""
        self._dead.add(sent.number)
        gone = self._dead - self._running
        self._open = {lane: one for lane, one in self._open.items() if one.number not in gone}

    def excuse(self, sent: Sent) -> None:
        """The broker has forgotten this one."""
        if sent.number not in self._well:
            self._excused.add(sent.number)

    def owes(self, sent: Sent, dead: set[tuple[str, bytes]] | None) -> bool:
        """Whether this one is lost; ``dead``: dead letters of the file, None: there is no file."""
        if not matches(self.spec.plain, sent.topic) or sent.number in self._well:
            return False
        repeats = self.spec.dedupe and sent.name in self._names
        if dead is None:
            return not (repeats or sent.number in self._dead | self._excused)
        return not (repeats or sent.number in self._excused or (self.spec.plain, sent.payload) in dead)

    def _say(self, what: str) -> None:
        self._tell(f"WRONG: {what}")
        self._wrong.append(f"{self.spec.filter}: {what}")
