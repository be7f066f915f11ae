"""A setting knows who said it, and a wrong one is told with that name."""

from __future__ import annotations

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.settings.setting import TYPED, Setting, blamed, nearest, origin_of, refused
from holdfast.errors import ConfigurationError


def test_what_is_typed_is_usage() -> None:
    """What stands somewhere is a setting, named with its place: 2 and 78."""
    typed, filed = refused(TYPED, "fact", "hint"), refused("x.toml", "fact", "hint")
    assert (type(typed), str(typed), typed.hint) == (ConfigurationError, "fact", "hint")
    assert (type(filed), str(filed), filed.hint) == (SettingsError, "x.toml: fact", "hint")


@pytest.mark.parametrize(
    ("key", "said", "sentence"),
    [
        ("keepalive_s", "keepalive_s is low", "x.toml: keepalive_s is low"),
        ("outbox.path", "the path is empty", "x.toml: the path is empty"),
        ("url", "has no scheme", "x.toml: url: has no scheme"),
        ("", "has no scheme", "x.toml: has no scheme"),
    ],
)
def test_the_sentence_names_the_key(key: str, said: str, sentence: str) -> None:
    """Where it does not already."""
    with pytest.raises(SettingsError) as caught, blamed("x.toml", key):
        raise ConfigurationError(said, hint="so")
    assert (str(caught.value), caught.value.hint) == (sentence, "so")


def test_blame_is_given_once() -> None:
    """The inner place is the right one."""
    with pytest.raises(SettingsError, match=r"^inner: fact$"), blamed("outer"), blamed("inner"):
        raise ConfigurationError("fact")


def test_several_origins_share_the_blame() -> None:
    """Each once; a flag is no origin."""
    settings = {"a": Setting(1, "x.toml"), "b": Setting(2), "c": Setting(3, "X"), "d": Setting(4, "x.toml")}
    assert origin_of(settings) == "x.toml and X"
    assert origin_of({"b": Setting(2)}) == TYPED


def test_the_nearest_key_is_the_hint() -> None:
    """Or all there are, where none is near."""
    assert nearest("keepalive", ["url", "keepalive_s"]) == "did you mean keepalive_s?"
    assert nearest("zzz", ["url", "keepalive_s"]) == "there are url, keepalive_s"
