"""A driven session with two groups of brokers, A and B."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Version
from holdfast.protocol import Restored
from tests.support.driven import Driven, names

BOTH = pytest.mark.parametrize("version", [V311, V5])


def at_a(version: Version = V5, **options: Any) -> Driven:
    """A session with the brokers A, which is up."""
    driven = Driven(version, restored=Restored(group="A"), group="A", **options)
    driven.up(False)
    return driven


def go(driven: Driven, group: str, present: bool = True, **said: Any) -> list[str]:
    """Lose the connection, and be accepted by these brokers; gives what leaves then, by name."""
    driven.lost()
    return names(driven.up(present, said, group=group))
