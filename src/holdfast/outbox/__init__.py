"""Floor 3: where accepted messages wait."""

from holdfast.outbox.port import Ledger, Outbox

__all__ = ["Ledger", "Outbox"]
