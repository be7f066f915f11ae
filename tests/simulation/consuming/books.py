"""What one handler has done, and what it must not (contract 13, 14): judged as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from holdfast import QoS
from holdfast.topics import matches


@dataclass(frozen=True)
class Sent:
    """One message. ``name``: those that repeat it have the same."""

    number: int
    name: int
    topic: str
    qos: QoS

    @property
    def payload(self) -> bytes:
        """What it is known by."""
        return f"{self.number}:{self.name}".encode()

    @classmethod
    def of(cls, topic: str, payload: bytes, qos: QoS = 0) -> Sent:
        """Which one came."""
        number, name = map(int, payload.decode().split(":"))
        return cls(number, name, topic, qos)


@dataclass(frozen=True)
class Spec:
    """One handler, the same in each life. ``key`` None: by concurrency alone. ``comes``: and goes."""

    filter: str
    comes: bool
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
    def draw(cls, chance: Random, filter: str, comes: bool) -> Spec:
        """Read one from the dice."""
        keyed = "{key}" in filter and chance.random() < 0.6
        return cls(
            filter=filter,
            comes=comes,
            concurrency=chance.choice((1, 1, 2, 4)),
            key="{key}" if keyed else None,
            dedupe=chance.random() < 0.3,
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
        self._dead_names: set[int] = set()
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
        if lane is not None:
            self._keeps_order(sent, lane)
        self._running.add(number)

    def _keeps_order(self, sent: Sent, lane: str) -> None:
        """Per QoS. A duplicate may be late, and what waited for one that it repeats and that died."""
        number, line = sent.number, (lane, sent.qos)
        other = self._open.get(lane, sent)
        if other != sent and not (self.spec.dedupe and other.name in self._names):  # else a repeat by now
            self._say(f"{number} is handled while {other.number} of {lane} is not done")
        newest = self._newest.get(line, 0)
        late = number in self._well | self._dead or sent.name in self._dead_names
        if number < newest and not late:
            self._say(f"{number} is handled behind {newest} of {lane}")
        self._open[lane], self._newest[line] = sent, max(number, newest)

    def ended(self, sent: Sent, how: str) -> None:
        """It returned: well, dead, again or cancelled."""
        self._tell(f"{self.spec.filter} ends {sent.number}: {how}")
        self._running.discard(sent.number)
        if how == "again":
            return
        lane = self.spec.lane(sent)
        if lane is not None:
            self._open.pop(lane, None)
        if how == "cancelled":
            return
        self._over.add(sent.number)
        if how == "well":
            self._well.add(sent.number)
            self._names.add(sent.name)
            self._over_names.add(sent.name)

    def died(self, sent: Sent) -> None:
        """It is a dead letter, of this handler or another."""
        self._dead.add(sent.number)
        self._dead_names.add(sent.name)

    def owes(self, sent: Sent, dead: set[tuple[str, bytes]]) -> bool:
        """Whether this one is lost."""
        if not matches(self.spec.plain, sent.topic) or sent.number in self._well:
            return False
        repeats = self.spec.dedupe and sent.name in self._names
        return not repeats and (self.spec.plain, sent.payload) not in dead

    def _say(self, what: str) -> None:
        self._tell(f"WRONG: {what}")
        self._wrong.append(f"{self.spec.filter}: {what}")
