"""What a model found wrong with a payload, in words that do not quote it: they stand in logs."""

from __future__ import annotations


def misfit(model: type, error: ValueError) -> str:
    """That it is no such model, with places and rules of pydantic's error, or the words of any other."""
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return f"is no {model.__name__}: {error}"
    found = errors(include_input=False, include_url=False, include_context=False)
    told = [": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in found]
    return f"is no {model.__name__}: {'; '.join(told)}"
