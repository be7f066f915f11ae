"""Flags that several commands have."""

from __future__ import annotations

from dataclasses import fields

from holdfast.cli.app.flags import link_options
from holdfast.cli.link import LinkOptions

OF_A_COMMAND = {"outbox", "said"}


def test_every_option_has_its_flag() -> None:
    """The command line and LinkOptions have the same names; what was not typed was not said."""
    assert link_options() == LinkOptions()
    named = {field.name for field in fields(LinkOptions)} - OF_A_COMMAND
    assert named == set(link_options.__annotations__) - {"return"}


def test_what_was_typed_is_said() -> None:
    """And nothing is made of it yet."""
    assert link_options(url="nonsense", keepalive_s=-1) == LinkOptions(url="nonsense", keepalive_s=-1)
