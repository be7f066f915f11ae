"""Which brokers an outbox is for, and how their groups are called (contract 2, 3). Pure.

A group is called by the address by which it was first known, and keeps that name: also when addresses
come, go, or change places. So whoever adds a backup, or another address of a cluster, finds the state of
each session again. An outbox is for whoever is known to it; one address in common is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Groups = Sequence[Sequence[str]]
"""Addresses, as ``host:port`` or the path of a socket, by groups."""

Known = Mapping[str, str]
"""Addresses that were used, and how their groups are called."""


def are_strangers(groups: Groups, known: Known) -> bool:
    """Whether none of these is known, where anybody is."""
    return bool(groups and known) and not any(address in known for group in groups for address in group)


def names(groups: Groups, known: Known) -> list[str]:
    """How these groups are called. Of one that was split, the part with the address of that name keeps it."""
    found: list[str] = []
    taken = {address for group in groups for address in group}
    for group in groups:
        called = [known[address] for address in group if address in known]
        usable = [name for name in called if name in group or name not in taken]
        found.append(next(name for name in (*usable, *group) if name not in found))
    return found


def news(groups: Groups, known: Known) -> dict[str, str]:
    """The addresses that are not known by these names yet."""
    named = zip(groups, names(groups, known), strict=True)
    every = {address: name for group, name in named for address in group}
    return {address: name for address, name in every.items() if known.get(address) != name}
