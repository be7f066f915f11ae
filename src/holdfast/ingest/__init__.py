"""MQTT into a database, acknowledged after commit."""

from __future__ import annotations

from holdfast.ingest.errors import Misfit, SinkError
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.postgres import PostgresSink
from holdfast.ingest.row import Row
from holdfast.ingest.service import Ingest
from holdfast.ingest.sink import Batch, Memory, Refused, Sink, Written
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.table import Column, Table
from holdfast.ingest.together import Together

__all__ = [
    "Batch",
    "Column",
    "Ingest",
    "IngestLedger",
    "Memory",
    "Misfit",
    "PostgresSink",
    "Refused",
    "Row",
    "Sink",
    "SinkError",
    "SqliteSink",
    "Table",
    "Together",
    "Written",
]
