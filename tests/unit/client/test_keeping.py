"""Who keeps the link, and that the two are put together alike."""

from __future__ import annotations

import pytest

from holdfast import Client
from holdfast.client.drive import Drive
from holdfast.client.isolation import Isolated
from holdfast.testing import Broker


@pytest.mark.parametrize(("isolated", "kind"), [(None, Drive), (False, Drive), (True, Isolated)])
async def test_by_the_option(isolated: bool | None, kind: type) -> None:
    """None is no; either way messages go out, are told, and count."""
    with Broker() as broker:
        async with Client(broker.url, isolated=isolated) as client:
            await client.ready(5)
            assert client._core is not None
            assert type(client._core.keeper) is kind
            await (await client.publish("t", "x")).acknowledged(5)
            await client.flush(5)
            assert client.snapshot().last_out_s is not None
