"""What the resilience tests share."""

from __future__ import annotations

import pytest

from tests.support import certificates
from tests.support.certificates import Certificates


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """CAs, servers, clients: made once, as it takes a while."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))
