"""MQTT into a database, acknowledged after commit."""

from __future__ import annotations

from holdfast.ingest.errors import SinkError
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.row import Row
from holdfast.ingest.service import Ingest
from holdfast.ingest.sink import Batch, Sink, Written
from holdfast.ingest.sqlite import SqliteSink

__all__ = ["Batch", "Ingest", "IngestLedger", "Row", "Sink", "SinkError", "SqliteSink", "Written"]
