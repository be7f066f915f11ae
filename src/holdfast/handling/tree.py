"""Topic filters as a tree of levels, so that the number of filters does not count.

Walking the tree visits, per level of the topic, the level itself, ``+`` and ``#``. Topics
repeat, so the answers are cached until the tree changes; the cache is bounded.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

CACHED_TOPICS = 16_384
CACHED_LENGTH = 256
"""Longer topics are looked up each time: a peer that sends 64 KiB of them would fill the memory."""


class _Node(Generic[T]):
    __slots__ = ("levels", "values")

    def __init__(self) -> None:
        self.levels: dict[str, _Node[T]] = {}
        self.values: list[T] = []


class FilterTree(Generic[T]):
    """Values by topic filter (without a share prefix)."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self.known: dict[str, tuple[T, ...]] = {}
        """Answers found before, as ``find`` would give them; for loops in which a call costs too much."""

    def add(self, filter: str, value: T) -> None:
        """Find this value for topics that match the filter."""
        node = self._root
        for level in filter.split("/"):
            node = node.levels.setdefault(level, _Node())
        node.values.append(value)
        self.known = {}

    def remove(self, filter: str, value: T) -> None:
        """Find this value no more. Unknown: nothing happens."""
        path = [self._root]
        levels = filter.split("/")
        for level in levels:
            node = path[-1].levels.get(level)
            if node is None:
                return
            path.append(node)
        if value in path[-1].values:
            path[-1].values.remove(value)
        self._prune(path, levels)
        self.known = {}

    def _prune(self, path: list[_Node[T]], levels: list[str]) -> None:
        """Without this a service that subscribes and leaves for years would grow."""
        for parent, node, level in zip(path[-2::-1], path[:0:-1], reversed(levels), strict=True):
            if node.values or node.levels:
                return
            del parent.levels[level]

    def find(self, topic: str) -> tuple[T, ...]:
        """The values whose filters match this topic name, in the order of adding per filter."""
        found = self.known.get(topic)
        if found is None:
            found = self._look(topic)
        return found

    def _look(self, topic: str) -> tuple[T, ...]:
        if len(self.known) >= CACHED_TOPICS:
            self.known = {}
        found: list[T] = []
        self._walk(self._root, topic.split("/"), topic.startswith("$"), found)
        result = tuple(found)
        if len(topic) <= CACHED_LENGTH:
            self.known[topic] = result
        return result

    def _walk(self, node: _Node[T], levels: list[str], hidden: bool, found: list[T]) -> None:
        """``hidden``: a topic beginning with $ is not met by a leading wildcard [MQTT-4.7.2-1]."""
        rest = node.levels.get("#")
        if rest is not None and not hidden:
            found.extend(rest.values)
        if not levels:
            found.extend(node.values)
            return
        for level in (levels[0],) if hidden else (levels[0], "+"):
            child = node.levels.get(level)
            if child is not None:
                self._walk(child, levels[1:], False, found)
