"""A database's URL is checked and named, and never quoted."""

from __future__ import annotations

import pytest

from holdfast.errors import ConfigurationError
from holdfast.ingest.postgres.url import target
from tests.support.leaks import SECRET


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (
            f"postgresql://me:{SECRET}@db.example:5433/plant?sslmode=require",
            "postgresql://me@db.example:5433/plant",
        ),
        (f"postgres://me:{SECRET}@db.example", "postgresql://me@db.example"),
        (
            f"postgresql://a.example,b.example:5433/plant?user=me&password={SECRET}",
            "postgresql://a.example,b.example:5433/plant",
        ),
        ("postgresql://me@[::1]:5433,[::1]/plant", "postgresql://me@[::1]:5433,[::1]/plant"),
        ("postgresql://%2Frun%2Fpostgresql/plant", "postgresql://%2Frun%2Fpostgresql/plant"),
        ("postgresql:///plant?host=/run/postgresql", "postgresql:///plant"),
        ("postgresql://", "postgresql://"),
    ],
)
def test_a_database_is_named_without_its_password(url: str, named: str) -> None:
    """User, hosts, ports and database; parameters may hold a password, too."""
    assert target(url) == named


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@{SECRET}@db.example/plant",
        f"postgresql://me:{SECRET}/{SECRET}@db.example/plant",
        f"postgresql://me:1?{SECRET}@db.example/plant",
        f"postgresql://me:{SECRET}",
        f"postgresql://db.example:{SECRET}/plant",
        f"mysql://me:{SECRET}@db.example",
        f"host=db.example password={SECRET}",
    ],
)
def test_what_would_be_read_otherwise_is_refused(url: str) -> None:
    """One sentence that quotes nothing: half a password would be taken for a host."""
    with pytest.raises(ConfigurationError) as caught:
        target(url)
    assert SECRET not in str(caught.value)
    assert "postgresql://" in str(caught.value)
