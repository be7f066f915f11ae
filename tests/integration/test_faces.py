"""The suite of messages that go through, once more: isolated, and through the blocking face (J05)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import Client
from tests.integration.conftest import AnyBroker, MakeClient, Version, on_tcp
from tests.integration.test_exchange import (  # noqa: F401  they run here with the ``make`` below
    test_before_any_connection,
    test_order_and_count,
    test_properties_arrive_where_the_version_has_them,
    test_publish_many_is_one_receipt,
    test_publish_nowait_from_many_threads,
    test_typed_handlers,
)
from tests.support.faces import AsAwaited

pytestmark = on_tcp


@pytest.fixture(params=["isolated", "blocking"])
def make(request: pytest.FixtureRequest, broker: AnyBroker, version: Version) -> MakeClient:
    """Makes clients of one face for this broker in this version."""
    made = 0

    def build(**options: Any) -> Client:
        nonlocal made
        made += 1
        options = {
            "url": broker.url,
            "client_id": f"{request.param}-{made}",
            "version": version,
            "reconnect": "lan",
            "drain_s": 2,
            **options,
        }
        if request.param == "isolated":
            return Client(**options, isolated=True)
        return AsAwaited(**options)  # type: ignore[return-value]

    return build
