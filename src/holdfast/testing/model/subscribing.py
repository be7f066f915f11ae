"""SUBSCRIBE and UNSUBSCRIBE (MQTT 5 §3.8, §3.10)."""

from __future__ import annotations

from holdfast import topics
from holdfast.codec import V311, Suback, Subscribe, SubscribeOption, Unsuback, Unsubscribe
from holdfast.codec.packet_types import SUBACK, UNSUBACK
from holdfast.errors import ConfigurationError
from holdfast.reasons import MALFORMED_PACKET, SUCCESS
from holdfast.testing.model.books import Books
from holdfast.testing.model.delivering import Delivering
from holdfast.testing.model.link import Link
from holdfast.testing.model.session import Session, Subscription

_NO_SUBSCRIPTION_EXISTED = 0x11
_FAILURE_311 = 0x80
_NO_SHARED = 0x9E
_NO_IDENTIFIERS = 0xA1
_NO_WILDCARDS = 0xA2


class Subscribing:
    """Everything a subscriber asks for."""

    def __init__(self, books: Books, delivering: Delivering) -> None:
        self._books = books
        self._delivering = delivering

    def subscribe(self, link: Link, packet: Subscribe) -> None:
        """Answer, then send what is retained: in this order, as mosquitto does it."""
        session = link.owner()
        fault = self._fault(packet)
        if fault is not None:
            self._books.wire.fail(link, *fault)
            return
        self._books.dirty = True
        answers, fresh = [], []
        for option in packet.options:
            refusal = self._refusal("SUBSCRIBE", link)
            if refusal is None:
                fresh += self._add(session, option, packet)
                refusal = min(option.qos, self._books.limits.maximum_qos)
            answers.append(refusal)
        self._books.wire.answer(link, SUBACK, Suback(packet.packet_id, answers))
        self._delivering.send_retained(session, fresh)

    def _refusal(self, packet: str, link: Link) -> int | None:
        reason = self._books.faults.refusal(packet) if self._books.faults.active else None
        return _FAILURE_311 if reason is not None and link.decoder.version == V311 else reason

    def _add(self, session: Session, option: SubscribeOption, packet: Subscribe) -> list[Subscription]:
        """Gives the subscription if retained messages are due for it [MQTT-3.3.1-9, -10, -11]."""
        group, filter = topics.split_share(option.filter)
        subscription = Subscription(
            filter,
            min(option.qos, self._books.limits.maximum_qos),
            option.no_local,
            option.retain_as_published,
            option.retain_handling,
            packet.properties.get("subscription_identifier"),
            group,
        )
        is_new = self._books.router.add(session, option.filter, subscription)
        is_due = option.retain_handling == 0 or (option.retain_handling == 1 and is_new)
        return [subscription] if is_due and group is None else []

    def _fault(self, packet: Subscribe) -> tuple[str, int] | None:
        limits = self._books.limits
        if "subscription_identifier" in packet.properties and not limits.identifiers_available:
            return "SUBSCRIBE with a subscription identifier, which is not available", _NO_IDENTIFIERS
        for option in packet.options:
            try:
                topics.validate_filter(option.filter)
            except ConfigurationError as error:
                return str(error), MALFORMED_PACKET
            if option.filter.startswith("$share/") and not limits.shared_available:
                return (
                    f"SUBSCRIBE to {option.filter!r}, and shared subscriptions are not available",
                    _NO_SHARED,
                )
            if ("+" in option.filter or "#" in option.filter) and not limits.wildcard_available:
                return f"SUBSCRIBE to {option.filter!r}, and wildcards are not available", _NO_WILDCARDS
        return None

    def unsubscribe(self, link: Link, packet: Unsubscribe) -> None:
        """3.1.1 answers without reasons."""
        self._books.dirty = True
        answers = [self._remove(link, name) for name in packet.filters]
        self._books.wire.answer(link, UNSUBACK, Unsuback(packet.packet_id, answers))

    def _remove(self, link: Link, name: str) -> int:
        refusal = self._refusal("UNSUBSCRIBE", link)
        if refusal is not None:
            return refusal
        return SUCCESS if self._books.router.remove(link.owner(), name) else _NO_SUBSCRIPTION_EXISTED
