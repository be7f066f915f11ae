"""A broker for each test of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.testing import Broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as made:
        yield made
