"""Floor 3: which handler a message is for, how it is called, and what follows from what it raises."""

from holdfast.handling.outcomes import ENDINGS, Reject, Retry
from holdfast.handling.retries import DEFAULT_RETRIES, Again, Dead, Retries, decide
from holdfast.handling.router import Handler, HandlerOptions, Router, patterns_of
from holdfast.handling.signature import Call, bind_all, is_coroutine
from holdfast.handling.tree import FilterTree
from holdfast.handling.work import Key, KeyOf, Work

__all__ = [
    "DEFAULT_RETRIES",
    "ENDINGS",
    "Again",
    "Call",
    "Dead",
    "FilterTree",
    "Handler",
    "HandlerOptions",
    "Key",
    "KeyOf",
    "Reject",
    "Retries",
    "Retry",
    "Router",
    "Work",
    "bind_all",
    "decide",
    "is_coroutine",
    "patterns_of",
]
