"""The QoS 2 identifiers of stored messages, which a sink keeps in the transaction of the rows (contract 6).

A message that was stored, and whose PUBREC did not get into the outbox file because the process was killed,
comes again under its identifier, with DUP. What is kept here says that it is in the table already, or in the
spool. An identifier is kept until the broker releases it; before PUBCOMP leaves the sink has forgotten it, so
none is left when the broker gives it to another message. Without DUP, with other content, or in another
session it *is* another message (contract 14).

While the sink cannot be written it cannot forget either. So what was released then is noted in the outbox
file, as a digest with the name of the state in which it may stand (``voided``). Numbers of batches are no
such names: where one was never committed, the next process gives its number to another.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from secrets import token_hex

from holdfast.ingest.sink import Memory
from holdfast.protocol import Delivery, ReleaseAsked

DIGEST_BYTES = 8

Bound = tuple[int, int, str]
"""Epoch, packet identifier, and digest of the message."""


class Identifiers:
    """Those of the session that messages came in last.

    ``spooled``: the highest number in the spool whose message the sink has. ``never``: batches up to this
    one that were tried, and that it had not after a crash, are never there, however far it is by now.
    """

    def __init__(self, series: str, memory: Memory, voided: Collection[bytes] = ()) -> None:
        """``series`` names the outbox file that counts epochs and numbers; ``memory`` is the sink's.

        What was kept with another file means nothing: it is counted anew there.
        """
        self._series = series
        self._epoch = 0
        self._kept: dict[int, str] = {}
        self._states: list[tuple[str, frozenset[int]]] = []
        """Name and identifiers of those that the sink may have: the last certain one, and one behind it."""
        self.spooled = 0
        state = json.loads(memory.state) if memory.state else {}
        self.never = state.get("never", 0)  # batches are the sink's, whichever file there is
        if state.get("series") == series:
            self._epoch, self.spooled = state["epoch"], state["spooled"]
            name = state.get("name", "")
            kept = {int(packet_id): digest for packet_id, digest in state["kept"].items()}
            void = {one for one in kept if _void(name, self._epoch, one) in voided}
            self._kept = {packet_id: kept[packet_id] for packet_id in kept.keys() - void}
            self._states = [(name, frozenset(kept))]

    def knows(self, delivery: Delivery, digest: str) -> bool:
        """Whether this QoS 2 message came before, and is kept."""
        return (
            delivery.duplicate
            and delivery.epoch == self._epoch
            and self._kept.get(delivery.packet_id) == digest
        )

    def keep(self, bound: Iterable[Bound]) -> None:
        """These are kept with the next state."""
        for epoch, packet_id, digest in bound:
            if epoch != self._epoch:
                self._epoch, self._kept = epoch, {}
            self._kept[packet_id] = digest

    def found(self, bound: Sequence[Bound]) -> None:
        """These are in the spool from before; those of a session that has ended since mean nothing."""
        newest = max(self._epoch, *[epoch for epoch, _, _ in bound], 0)
        self.keep([one for one in bound if one[0] == newest])

    def release(self, asked: ReleaseAsked) -> None:
        """Keep these no more."""
        if asked.epoch == self._epoch:
            for packet_id in asked.packet_ids:
                self._kept.pop(packet_id, None)

    def state(self) -> str:
        """What the sink is to remember from now on; the state before is certain to be there."""
        name = token_hex(8)
        self._states = [*self._states[-1:], (name, frozenset(self._kept))]
        state = {
            "name": name,
            "series": self._series,
            "epoch": self._epoch,
            "kept": self._kept,
            "spooled": self.spooled,
            "never": self.never,
        }
        return json.dumps(state, separators=(",", ":"))

    def voided(self, asked: ReleaseAsked) -> list[bytes]:
        """What is to be noted where the sink cannot forget these."""
        return [
            _void(name, asked.epoch, packet_id)
            for packet_id in asked.packet_ids
            for name, kept in self._states
            if packet_id in kept
        ]


def digest_of(delivery: Delivery) -> str:
    """What tells one message from another."""
    hashed = blake2b(delivery.topic.encode(), digest_size=DIGEST_BYTES)
    hashed.update(b"\0")  # no topic has one
    hashed.update(delivery.raw)
    return hashed.hexdigest()


def _void(name: str, epoch: int, packet_id: int) -> bytes:
    return blake2b(f"{name} {epoch} {packet_id}".encode(), digest_size=16).digest()
