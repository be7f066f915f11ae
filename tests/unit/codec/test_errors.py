"""The decoder's one error."""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec.errors import MalformedPacket, protocol_error
from holdfast.errors import HoldfastError


def test_facts() -> None:
    """It carries the reason code of the answer and, as the hint, what that code means."""
    error = MalformedPacket("no")
    assert isinstance(error, HoldfastError)
    assert (str(error), error.reason, error.hint) == ("no", 0x81, reasons.sentence(0x81))
    assert protocol_error("no").reason == 0x82
    assert MalformedPacket("no", reason=0x95).reason == 0x95
