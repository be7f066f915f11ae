"""The QoS 2 identifiers of stored messages, which a sink keeps in the transaction of the rows (contract 6).

A message that was stored, and whose PUBREC did not get into the outbox file because the process was killed,
comes again under its identifier, with DUP. What is kept here says that it is in the table already. An
identifier is kept until the broker releases it; before PUBCOMP leaves the sink has forgotten it, so none is
left when the broker gives it to another message. Without DUP, with other content, or in another session it
*is* another message (contract 14).
"""

from __future__ import annotations

import json
from hashlib import blake2b

from holdfast.protocol import Delivery, ReleaseAsked

DIGEST_BYTES = 8


class Identifiers:
    """Those of the session that messages came in last."""

    def __init__(self, series: str, state: str) -> None:
        """``series`` names the outbox file that counts the epochs; ``state`` is what the sink remembers.

        What was kept with another file means nothing: its epochs were counted anew.
        """
        self._series = series
        self._epoch = 0
        self._stored: dict[int, str] = {}
        kept = json.loads(state) if state else {}
        if kept.get("series") == series:
            self._epoch = kept["epoch"]
            self._stored = {int(packet_id): digest for packet_id, digest in kept["stored"].items()}

    def take(self, delivery: Delivery) -> bool:
        """Keep the identifier of a QoS 2 message, from the next state on; False: it is stored already."""
        packet_id, digest = delivery.packet_id, _digest(delivery)
        if delivery.epoch != self._epoch:
            self._epoch, self._stored = delivery.epoch, {}
        if delivery.duplicate and self._stored.get(packet_id) == digest:
            return False
        self._stored[packet_id] = digest
        return True

    def release(self, asked: ReleaseAsked) -> None:
        """Keep these no more."""
        if asked.epoch == self._epoch:
            for packet_id in asked.packet_ids:
                self._stored.pop(packet_id, None)

    def state(self) -> str:
        """What the sink is to remember from now on."""
        kept = {"series": self._series, "epoch": self._epoch, "stored": self._stored}
        return json.dumps(kept, separators=(",", ":"))


def _digest(delivery: Delivery) -> str:
    """What tells one message from another."""
    hashed = blake2b(delivery.topic.encode(), digest_size=DIGEST_BYTES)
    hashed.update(b"\0")  # no topic has one
    hashed.update(delivery.raw)
    return hashed.hexdigest()
