"""Where the rows of one measurement go: a new file, or a new database of a server of the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.cases import Case
from benchmarks.servers import Servers


@contextmanager
def database(servers: Servers, case: Case, folder: str) -> Iterator[str]:
    """Its path or URL. Raises Unavailable."""
    if case.database == "sqlite":
        yield f"{folder}/readings.db"
    else:
        with servers.postgres().database() as fresh:
            yield fresh.url
