"""What a model found wrong with a payload, in words that do not quote it: they stand in logs."""

from __future__ import annotations


def complaints(error: ValueError) -> str:
    """Places and rules of pydantic's error; of any other its words."""
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return str(error)
    found = errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in found)
