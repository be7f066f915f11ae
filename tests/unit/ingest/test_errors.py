"""The error of a database."""

from __future__ import annotations

from holdfast.errors import HoldfastError
from holdfast.ingest.errors import Misfit, SinkError


def test_it_is_facts_sentence_and_hint() -> None:
    """A SinkError is one of ours, names its target and the next step."""
    error = SinkError("x.db cannot be written: disk full", target="x.db", hint="make room")
    assert isinstance(error, HoldfastError)
    assert (str(error), error.target, error.hint) == (
        "x.db cannot be written: disk full",
        "x.db",
        "make room",
    )


def test_a_misfit_is_its_reason() -> None:
    """It stands in the quarantine as it is."""
    assert str(Misfit("temp_c: $.temp is missing")) == "temp_c: $.temp is missing"
