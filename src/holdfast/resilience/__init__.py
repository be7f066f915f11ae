"""Floor 3: pure decisions about the link. Nothing here sleeps."""

from holdfast.resilience.backoff import PRESETS, Backoff, Reconnect
from holdfast.resilience.takeover import TakeoverSuspicion
from holdfast.resilience.verdicts import Verdict, of_close, of_connack, of_error, unanswered
from holdfast.resilience.versions import VersionChoice

__all__ = [
    "PRESETS",
    "Backoff",
    "Reconnect",
    "TakeoverSuspicion",
    "Verdict",
    "VersionChoice",
    "of_close",
    "of_connack",
    "of_error",
    "unanswered",
]
