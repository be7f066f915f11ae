"""Floor 3: which handler a message is for, and how it is called."""

from holdfast.handling.router import Handler, HandlerOptions, Router, patterns_of
from holdfast.handling.signature import Call, bind_all, is_coroutine
from holdfast.handling.tree import FilterTree

__all__ = [
    "Call",
    "FilterTree",
    "Handler",
    "HandlerOptions",
    "Router",
    "bind_all",
    "is_coroutine",
    "patterns_of",
]
