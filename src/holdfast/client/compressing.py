"""The way in of a client that compresses: what is large leaves as gzip, marked (``client.compression``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from holdfast.client.compression import compress, mark
from holdfast.client.content import ABSENT, Absent, payload_of, properties_of
from holdfast.client.options import Compression, to_bytes
from holdfast.client.publisher import Publisher
from holdfast.messages import Outgoing, Payload, Priority, QoS, UserProperties

UNNAMED = {"content_type": mark(None)}


class CompressingPublisher(Publisher):
    """Rows hold what leaves: budgets, the outbox file and the broker's limit count that (contract 10)."""

    def __init__(self, option: Compression, *arguments: Any) -> None:
        """``arguments`` are those of ``Publisher``."""
        super().__init__(*arguments)
        self._option = option

    def row(
        self,
        topic: str,
        payload: Payload | Absent,
        json: Any,
        qos: QoS | None,
        retain: bool | None,
        expiry_s: float | None,
        priority: Priority | None,
        content_type: str | None,
        user_properties: UserProperties,
    ) -> Outgoing:
        """As ``Publisher.row``."""
        properties_of(content_type, ())  # what cannot be one is refused as it was given
        data, content_type = self._pack(payload_of(payload, json), content_type)
        return super().row(
            topic, data, ABSENT, qos, retain, expiry_s, priority, content_type, user_properties
        )

    def rows(
        self,
        messages: Iterable[tuple[str, Payload]],
        qos: QoS | None,
        retain: bool | None,
        expiry_s: float | None,
        priority: Priority | None,
    ) -> list[Outgoing]:
        """As ``Publisher.rows``."""
        marked: list[bool] = []

        def packed() -> Iterator[tuple[str, bytes]]:
            for topic, payload in messages:
                data, content_type = self._pack(to_bytes(payload), None)
                marked.append(content_type is not None)
                yield topic, data

        rows = super().rows(packed(), qos, retain, expiry_s, priority)
        for row, is_marked in zip(rows, marked, strict=True):
            if is_marked:
                row.properties = UNNAMED
                self._check_size(row)
        return rows

    def _pack(self, data: bytes, content_type: str | None) -> tuple[bytes, str | None]:
        """Beyond ``max_bytes`` it stays as it is: a reader with the same options could not open it."""
        if self._option.min_bytes <= len(data) <= self._option.max_bytes:
            return compress(data, content_type)
        return data, content_type
