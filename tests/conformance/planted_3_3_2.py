"""Mistakes with topic aliases, one function each."""

from __future__ import annotations

from typing import Any

from holdfast.codec import properties
from holdfast.messages import Outgoing
from holdfast.protocol import Terms
from holdfast.protocol.aliases import Aliases
from holdfast.protocol.receiver import Receiver
from tests.conformance.planting import Patch


def ours_are_kept(patch: Patch) -> None:
    """A new connection goes on with the aliases of the old one."""
    original = Aliases.open

    def keep(self: Aliases, terms: Terms) -> None:
        given = self._given
        original(self, terms)
        self._given = given

    patch.setattr(Aliases, "open", keep)


def two_topics_share_one(patch: Patch) -> None:
    """Counted by who counts from zero somewhere else."""
    original = Aliases.name

    def name(self: Aliases, row: Outgoing) -> tuple[str, int]:
        topic, alias = original(self, row)
        return topic, alias - 1 if alias > 1 else alias

    patch.setattr(Aliases, "name", name)


def used_before_it_is_set(patch: Patch) -> None:
    original = Aliases.name

    def name(self: Aliases, row: Outgoing) -> tuple[str, int]:
        topic, alias = original(self, row)
        return ("" if alias else topic), alias

    patch.setattr(Aliases, "name", name)


def as_many_as_we_like(patch: Patch) -> None:
    original = Aliases._begin

    def begin(self: Aliases, maximum: int, limit: int | None) -> None:
        original(self, 100, limit)

    patch.setattr(Aliases, "_begin", begin)


def the_last_one_is_refused(patch: Patch) -> None:
    """One off: the maximum itself is taken for too much."""
    original = Receiver.open

    def fewer(self: Receiver, request: Any) -> None:
        original(self, request)
        self._request.topic_alias_maximum -= 1

    patch.setattr(Receiver, "open", fewer)


def any_alias_is_taken(patch: Patch) -> None:
    original = Receiver.open

    def more(self: Receiver, request: Any) -> None:
        original(self, request)
        self._request.topic_alias_maximum = 65_535

    patch.setattr(Receiver, "open", more)


def zero_is_taken(patch: Patch) -> None:
    patch.setattr(properties, "_check", lambda row, value: None)
    patch.setattr(Receiver, "_resolve", lambda self, packet: None)
