"""The small door: what `holdfast` exports, how it is found, and what its signatures look like."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import holdfast
from tests.project import source

# The public names of this release. A name enters with its code, not before.
EXPORTS = [
    "TLS",
    "Authenticator",
    "Client",
    "Compression",
    "Event",
    "HoldfastError",
    "Ledger",
    "Limits",
    "Outbox",
    "Rule",
    "Message",
    "Payload",
    "Pool",
    "QoS",
    "Receipt",
    "Reconnect",
    "Reject",
    "Retries",
    "Retry",
    "Router",
    "Snapshot",
    "Status",
    "Subscription",
    "Will",
]

# Numbers that are no duration, each with what they are instead.
NOT_A_DURATION = {
    ("Reconnect", "multiplier"): "a ratio",
    ("Snapshot", "round_trips"): "counts, by their bounds in seconds",
    ("Message", "arrived"): "an instant: seconds since 1970, filled in by the client",
}


def classes() -> list[type]:
    return [value for name in EXPORTS if inspect.isclass(value := getattr(holdfast, name))]


def public_methods(cls: type) -> Iterator[tuple[str, Any]]:
    for name, member in vars(cls).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            yield name, member


def signatures() -> Iterator[tuple[str, str, inspect.Signature]]:
    """(class, method, signature) of each constructor and public method."""
    for cls in classes():
        if inspect.isfunction(vars(cls).get("__init__")):
            yield cls.__name__, "__init__", inspect.signature(vars(cls)["__init__"])
        for name, member in public_methods(cls):
            if inspect.isfunction(member):
                yield cls.__name__, name, inspect.signature(member)


def test_the_exports_are_exactly_these() -> None:
    """A name is added or removed on purpose, here and in the changelog."""
    assert sorted(holdfast.__all__) == sorted(EXPORTS)


def test_the_lazy_table_and_the_typed_imports_agree() -> None:
    """What a type checker sees under TYPE_CHECKING is what is loaded at run time, from the same module."""
    typed = {
        alias.name: node.module
        for node in ast.walk(source.tree(Path("__init__.py")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("holdfast")
        for alias in node.names
    }
    assert typed == holdfast._HOMES
    assert sorted(typed) == sorted(holdfast.__all__)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_found_and_kept(name: str) -> None:
    """Every name loads on first use and is the same object ever after."""
    assert getattr(holdfast, name) is getattr(holdfast, name)
    assert name in dir(holdfast)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy door refuses like any module, so `hasattr` and misspellings behave."""
    with pytest.raises(AttributeError, match="no attribute 'Klient'"):
        _ = holdfast.Klient


def test_importing_the_package_loads_nothing_of_weight() -> None:
    """`import holdfast` alone brings in no event loop, no TLS, no database, no CLI."""
    heavy = {"asyncio", "ssl", "sqlite3", "typer", "rich"}
    probe = f"import sys, holdfast; print(*sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_client_loads_no_third_party_package() -> None:
    """`from holdfast import Client` needs the standard library only."""
    probe = (
        "import sys, holdfast; [getattr(holdfast, name) for name in holdfast.__all__];"
        "tops = {name.split('.')[0] for name, module in sys.modules.items()"
        " if getattr(module, '__spec__', None)};"
        "print(*sorted(tops - {*sys.stdlib_module_names} - {'holdfast', 'sitecustomize', 'usercustomize'}))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if not name.startswith(("_", "__editable__"))] == []


def test_every_export_says_what_it_means() -> None:
    """Each exported class, and each public method and property, has a docstring of its own."""
    silent = [cls.__name__ for cls in classes() if not (cls.__dict__.get("__doc__") or "").strip()]
    silent += [
        f"{cls.__name__}.{name}"
        for cls in classes()
        for name, member in public_methods(cls)
        if not inspect.getdoc(member)
    ]
    assert silent == []


def test_durations_end_in_s() -> None:
    """A parameter that is a number of seconds says so in its name; what is none is listed with what it is."""
    floats = {
        (cls, parameter.name)
        for cls, _, signature in signatures()
        for parameter in signature.parameters.values()
        if "float" in str(parameter.annotation) and not parameter.name.endswith("_s")
    }
    assert floats == set(NOT_A_DURATION) & floats
    assert set(NOT_A_DURATION) <= floats, "an exemption nobody uses"


def test_no_duration_is_an_int_without_its_unit() -> None:
    """`timeout=`, `delay=` and their like do not exist: always `timeout_s=`, `delay_s=`."""
    words = ("timeout", "delay", "interval", "keepalive", "expiry", "drain", "wait", "period", "age")
    bare = [
        f"{cls}.{method}({parameter})"
        for cls, method, signature in signatures()
        for parameter in signature.parameters
        if parameter.split("_")[-1] in words
    ]
    assert bare == []


# The words a call may leave to their place; everything else is named at the call.
POSITIONAL = {
    "task",
    "url",
    "path",
    "filter",
    "topic",
    "payload",
    "messages",
    "message",
    "data",
    "filters",
    "router",
    "reason",
    "attempts",
    "size",
    "timeout_s",
    "drain_s",
}


def test_only_the_first_arguments_and_a_wait_are_positional() -> None:
    """Options are keyword-only, so that a call reads like a form."""
    # Values are filled in by the library, not by callers.
    values = {"Message", "Event", "Ledger", "Snapshot", "HoldfastError"}
    loose = [
        f"{cls}.{method}({parameter.name})"
        for cls, method, signature in signatures()
        if cls not in values and not (cls in {"Receipt", "Subscription"} and method == "__init__")
        for parameter in signature.parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.name not in POSITIONAL | {"self", "cls"}
    ]
    assert loose == []


def test_every_public_signature_is_typed() -> None:
    """Nothing public is left to guessing: parameters and results carry annotations that resolve."""
    for cls in classes():
        for _, member in public_methods(cls):
            if inspect.isfunction(member):
                assert "return" in typing.get_type_hints(member), member
