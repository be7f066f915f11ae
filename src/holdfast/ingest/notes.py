"""A message in the spool: what stands beside it in the file, and how it becomes a message again.

The column ``key`` has the number of the batch in which it was tried before it came here (0: in none), what
tells it from other messages under its QoS 2 identifier, and whether it came with DUP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.errors import HoldfastError
from holdfast.ingest.draft import Entry
from holdfast.ingest.identifiers import Bound
from holdfast.messages import Message
from holdfast.outbox.intake import Held
from holdfast.topics import Pattern, matches


class Notes:
    """Those of one ingest; ``owner`` is its name in the file."""

    def __init__(self, owner: str, filters: Iterable[str]) -> None:
        self.owner = owner
        self._patterns = [Pattern(filter) for filter in filters]

    def held(self, entry: Entry, tried: int, trouble: HoldfastError | None) -> Held:
        """As it is kept."""
        message, delivery, digest = entry
        return Held(
            *(0, self.owner, message.topic, message.payload, message.qos, message.retain),
            *(message.properties, message.arrived, _key(tried, digest, message.duplicate)),
            reason="" if trouble is None else str(trouble),
            epoch=delivery.epoch if digest else 0,
            packet_id=delivery.packet_id if digest else 0,
        )

    def wants(self, topic: str) -> bool:
        """Whether it is of this ingest."""
        return self._pattern(topic) is not None

    def claimed(self, held: Held) -> Held:
        """What was nobody's, as what comes now is kept."""
        held.owner, held.key = self.owner, _key(0, "", again=False)
        return held

    def message(self, held: Held) -> Message:
        """As it came."""
        again = (held.key or "").endswith("1")
        return Message(
            *(held.topic, held.payload, held.qos, held.retain, again, held.properties),
            arrived=held.arrived,
            captures=self._captures(held.topic),
        )

    def _captures(self, topic: str) -> dict[str, str]:
        pattern = self._pattern(topic)
        return {} if pattern is None else dict(pattern.captures(topic))

    def _pattern(self, topic: str) -> Pattern | None:
        return next((pattern for pattern in self._patterns if matches(pattern.filter, topic)), None)

    def tried(self, held: Held) -> int:
        """The number of the batch that it was tried in; 0: in none."""
        return int((held.key or "0").split(" ")[0])

    def bound(self, found: Sequence[tuple[int, int, str | None]]) -> list[Bound]:
        """The identifiers that are not released, of what is kept."""
        return [(epoch, packet_id, (key or " ").split(" ")[1]) for epoch, packet_id, key in found]


def _key(tried: int, digest: str, again: bool) -> str:
    return f"{tried} {digest} {again:d}"
