"""Who lost it: the verdict on a run, from what the taps saw and what is in the table. Pure.

A message is missing when its publisher was told it is acknowledged and no row has it. It is

ours          when the tap never saw the broker take it: the publisher was told a lie
ours          when the ingester took it (PUBACK, PUBREC): acknowledged, and not stored
ours          when it lies with the ingester, unanswered, on a connection that is up
the broker's  otherwise: the broker took it and, as far as the wire tells, forgot it

Rows too many are the broker's as far as it sent the message more often than once, unless the
publisher had sent it twice within one session: then they are ours, like all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from holdfast.cli.demo.tap import Direction, Tap


@dataclass(frozen=True, slots=True)
class Verdict:
    """What went wrong, by whom; ``lost``, ``doubled``, ``unordered`` and ``wiped`` are ours."""

    stored: int
    lost: int
    doubled: int
    unordered: int
    wiped: int
    broker_lost: int
    broker_doubled: int

    @property
    def ours(self) -> int:
        """How many faults are ours."""
        return self.lost + self.doubled + self.unordered + self.wiped


def judge(
    acknowledged: Collection[str], rows: Sequence[str], publishers: Sequence[Tap], ingester: Tap
) -> Verdict:
    """``rows``: the serials in the table, in the order of their ids."""
    stored = Counter(rows)
    delivery = ingester.to_client
    missing = [serial for serial in acknowledged if serial not in stored]
    ours = lost_by_us(missing, publishers, delivery)
    twice = {serial: times - 1 for serial, times in stored.items() if times > 1}
    sent_twice = set().union(*(tap.to_broker.doubled for tap in publishers))
    doubled = {serial: _not_excused(serial, extra, delivery, sent_twice) for serial, extra in twice.items()}
    return Verdict(
        stored=len(stored),
        lost=len(ours),
        doubled=sum(doubled.values()),
        unordered=_unordered(rows, delivery.order) + sum(_unordered_sendings(tap) for tap in publishers),
        wiped=sum(tap.clean_starts for tap in (*publishers, ingester)),
        broker_lost=len(missing) - len(ours),
        broker_doubled=sum(twice.values()) - sum(doubled.values()),
    )


def lost_by_us(missing: Iterable[str], publishers: Sequence[Tap], delivery: Direction) -> list[str]:
    """Those of the missing that the broker had not taken, or that it has handed on."""
    took = set().union(*(tap.to_broker.taken for tap in publishers))
    return [one for one in missing if one not in took or one in delivery.taken or one in delivery.unanswered]


def _not_excused(serial: str, extra: int, delivery: Direction, sent_twice: Collection[str]) -> int:
    if serial in sent_twice:
        return extra
    return max(0, extra - (delivery.sendings[serial] - 1))


def _unordered(rows: Iterable[str], sent: Sequence[str]) -> int:
    """Rows that do not follow one another as the broker sent them, gateway by gateway."""
    return sum(
        _strays(mine, [serial for serial in sent if _gateway(serial) == gateway])
        for gateway, mine in _by_gateway(rows).items()
    )


def _unordered_sendings(tap: Tap) -> int:
    """First sendings of a publisher that did not leave in the order of their serials."""
    first = list(dict.fromkeys(tap.to_broker.order))
    return sum(later < earlier for earlier, later in pairwise(first))


def _strays(rows: Sequence[str], sent: Sequence[str]) -> int:
    """How many rows are not found in what was sent, going forward only."""
    position = strays = 0
    for serial in rows:
        try:
            position = sent.index(serial, position) + 1
        except ValueError:
            strays += 1
    return strays


def _gateway(serial: str) -> str:
    return serial.partition("-")[0]


def _by_gateway(serials: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for serial in serials:
        found.setdefault(_gateway(serial), []).append(serial)
    return found
