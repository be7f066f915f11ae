"""Flags that several commands have."""

from __future__ import annotations

from dataclasses import fields

import pytest

from holdfast.cli.app.flags import link_options
from holdfast.cli.link import DEFAULT_URL, VARIABLE, LinkOptions


def test_every_option_has_its_flag() -> None:
    """The command line and LinkOptions have the same names and the same defaults."""
    assert link_options() == LinkOptions()
    named = {field.name for field in fields(LinkOptions)} - {"from_environment"}
    assert named == set(link_options.__annotations__) - {"return"}


def test_the_environment_gives_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOLDFAST_URL is used where no --url is typed, and only there."""
    monkeypatch.setenv(VARIABLE, "mqtt://from.example")
    assert link_options().url == "mqtt://from.example"
    assert link_options(url="mqtt://typed.example").url == "mqtt://typed.example"


def test_without_either_it_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is that of Client."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert link_options().url == DEFAULT_URL
