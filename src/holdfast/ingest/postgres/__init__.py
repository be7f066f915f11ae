"""PostgreSQL as a place for rows."""

from __future__ import annotations

from holdfast.ingest.postgres.sink import PostgresSink

__all__ = ["PostgresSink"]
