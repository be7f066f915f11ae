"""Topic names and topic filters (MQTT 5 §4.7, §4.8.2; the same rules in 3.1.1).

A *pattern* is a topic filter in which a wildcard may carry a name: ``plant/{line}/temp``
stands for ``plant/+/temp`` and captures ``line``; ``{rest:#}`` stands for a final ``#``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from holdfast.errors import ConfigurationError

MAX_BYTES = 65_535
_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:#)?\}")


def _check_text(text: str, what: str) -> None:
    if not text:
        raise ConfigurationError(f"{what} is empty [MQTT-4.7.3-1]", hint="name at least one level")
    if "\0" in text:
        raise ConfigurationError(f"{what} {text!r} holds a null character [MQTT-4.7.3-2]")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"{what} {text!r} holds a surrogate [MQTT-1.5.4-1]") from error
    if size > MAX_BYTES:
        raise ConfigurationError(f"{what} is {size} bytes long, the limit is {MAX_BYTES} [MQTT-4.7.3-3]")


def validate_topic(topic: str) -> None:
    """Check a topic name to publish to. Raises ConfigurationError."""
    _check_text(topic, "topic")
    if "+" in topic or "#" in topic:
        raise ConfigurationError(
            f"topic {topic!r} holds a wildcard [MQTT-3.3.2-2]", hint="wildcards belong into filters"
        )


def validate_filter(filter: str) -> None:
    """Check a topic filter, ``$share/GROUP/FILTER`` included. Raises ConfigurationError."""
    _check_text(filter, "topic filter")
    levels = split_share(filter)[1].split("/")
    for index, level in enumerate(levels):
        if "#" in level and (level != "#" or index != len(levels) - 1):
            raise ConfigurationError(
                f"topic filter {filter!r}: '#' must stand alone in the last level [MQTT-4.7.1-1]"
            )
        if "+" in level and level != "+":
            raise ConfigurationError(f"topic filter {filter!r}: '+' must fill its whole level [MQTT-4.7.1-2]")


def validate_share(group: str) -> None:
    """Check the name of a shared subscription's group [MQTT-4.8.2-2]. Raises ConfigurationError."""
    _check_text(group, "share name")
    if any(sign in group for sign in "/+#"):
        raise ConfigurationError(f"share name {group!r} holds '/', '+' or '#' [MQTT-4.8.2-2]")


def split_share(filter: str) -> tuple[str | None, str]:
    """``$share/GROUP/FILTER`` as (group, filter); any other filter as (None, filter)."""
    if not filter.startswith("$share/"):
        return None, filter
    group, _, rest = filter[7:].partition("/")
    if not group or not rest or "+" in group or "#" in group:
        raise ConfigurationError(
            f"topic filter {filter!r} is no shared subscription [MQTT-4.8.2-1, 4.8.2-2]",
            hint="write $share/GROUP/FILTER, the group without wildcards",
        )
    return group, rest


def matches(filter: str, topic: str) -> bool:
    """Whether a topic name matches a filter without a share prefix [MQTT-4.7.1-2, 4.7.2-1]."""
    if topic.startswith("$") and filter[0] in "+#":
        return False
    wanted, levels = filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index == len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def overlap(one: str, other: str) -> bool:
    """Whether some topic matches both of these filters, whatever group shares them [MQTT-4.7.2-1]."""
    first, second = split_share(one)[1], split_share(other)[1]
    if {first[0], second[0]} in ({"$", "+"}, {"$", "#"}):
        return False
    ours, theirs = sorted((first.split("/"), second.split("/")), key=len)
    for level, beside in zip(ours, theirs, strict=False):
        if "#" in (level, beside):
            return True
        if level != beside and "+" not in (level, beside):
            return False
    return theirs[len(ours) :] in ([], ["#"])  # which takes its parent, too


class Pattern:
    """A topic filter with named captures; ``filter`` is what goes on the wire."""

    __slots__ = ("_names", "filter", "names", "text")

    def __init__(self, text: str) -> None:
        """Raises ConfigurationError for an illegal filter or a capture named twice."""
        self.text = text
        self._names: list[tuple[int, str, bool]] = []
        levels = text.split("/")
        for index, level in enumerate(levels):
            levels[index] = self._wildcard(index, level)
        self.filter = "/".join(levels)
        self.names = tuple(name for _, name, _ in self._names)
        validate_filter(self.filter)
        if len(set(self.names)) != len(self.names):
            raise ConfigurationError(f"topic filter {text!r} names a capture twice")

    def _wildcard(self, index: int, level: str) -> str:
        found = _CAPTURE.fullmatch(level)
        if found is None:
            if "{" in level or "}" in level:
                raise ConfigurationError(
                    f"topic filter {self.text!r}: {level!r} is no capture",
                    hint="a capture is {name} or {name:#} and fills its whole level",
                )
            return level
        self._names.append((index, found[1], found[2] is not None))
        return "#" if found[2] else "+"

    def captures(self, topic: str) -> Mapping[str, str]:
        """The captured levels of a topic that matches."""
        if not self._names:
            return {}
        levels = topic.split("/")
        return {
            name: "/".join(levels[index:]) if rest else levels[index] for index, name, rest in self._names
        }
