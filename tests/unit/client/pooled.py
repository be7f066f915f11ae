"""The clients of a pool, without the pool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast import Client, Outbox
from holdfast.client.layout import Folder, Slot
from holdfast.client.members import Members

NOBODY = "mqtt://127.0.0.1:1"


def members(folder: Path | None, connections: int, url: str = NOBODY, reconnect: Any = "lan") -> Members:
    """With a file for each in this folder, or in memory."""

    def make(slot: Slot) -> Client:
        outbox = Outbox(folder and folder / slot.file)
        return Client(url, client_id=slot.client_id("gw"), outbox=outbox, reconnect=reconnect, drain_s=0.1)

    return Members(make, None if folder is None else Folder(folder), connections)
