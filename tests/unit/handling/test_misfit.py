"""A payload that fits no model is told of without being shown."""

from __future__ import annotations

import pytest

from holdfast.handling.misfit import misfit


def test_pydantic_quotes_what_it_was_given() -> None:
    """Its own words hold the values; ours say where and which rule."""
    pydantic = pytest.importorskip("pydantic")
    kind = pydantic.create_model("Measured", value=(float, ...), series=(list[int], ...))
    with pytest.raises(ValueError) as caught:
        kind.model_validate_json('{"value": "patient 7", "series": [1, "patient 7"]}')
    assert "patient 7" in str(caught.value)
    told = misfit(kind, caught.value)
    assert told.startswith("is no Measured: value: Input should be a valid number")
    assert "; series.1: Input should be a valid integer" in told
    assert "patient" not in told
    with pytest.raises(ValueError) as caught:
        kind.model_validate_json("patient 7")
    assert misfit(kind, caught.value).startswith("is no Measured: Invalid JSON: ")


def test_other_errors_have_their_own_words() -> None:
    """A model may be anything that has model_validate_json."""
    assert misfit(Exception, ValueError("too hot")) == "is no Exception: too hot"
