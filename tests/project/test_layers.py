"""The floors of ARCHITECTURE.md: a file imports its own folder or a lower floor, nothing else.

The checks are functions from (file, imports) to complaints, and each is first shown to complain.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import source

# Floor by top-level module or folder. Everything on one floor is a sibling: an island to the others.
FLOORS = {
    "errors": 0,
    "messages": 0,
    "reasons": 0,
    "topics": 0,
    "clock": 0,
    "values": 0,
    "codec": 1,
    "protocol": 2,
    "transport": 3,
    "outbox": 3,
    "resilience": 3,
    "handling": 3,
    "client": 4,
    "sync": 5,
    "ingest": 6,
    "testing": 7,
    "cli": 8,
}

# F0 is one vocabulary, not five islands: its words may be spelled with each other.
VOCABULARY = 0

# Bytes and time go in, values come out: nothing up to F2 may reach for a clock, a socket or a thread.
SANS_IO_UP_TO = 2
IO_MODULES = frozenset(
    {
        *(
            "asyncio",
            "concurrent",
            "logging",
            "multiprocessing",
            "os",
            "random",
            "secrets",
            "select",
            "selectors",
        ),
        *("signal", "socket", "sqlite3", "ssl", "subprocess", "threading", "time"),
    }
)

# Pure decisions on F3: state and now go in, a decision comes out; nothing there sleeps or dials.
PURE = frozenset({"resilience", "handling"})
SLEEPERS = frozenset({"asyncio", "socket", "sqlite3", "ssl", "threading", "time"})

# Third-party distributions, each imported in one named file or folder.
THIRD_PARTY = {
    "pytest": "testing/plugin.py",
    "typer": "cli/app/",
    "rich": "cli/render.py",
    "websockets": "transport/websocket.py",
    "python_socks": "transport/proxy.py",
    "psycopg": "ingest/postgres/link.py",
}


def home(module: Path) -> str:
    """The floor entry a file belongs to: its top folder, or its own name."""
    return module.parts[0] if len(module.parts) > 1 else module.stem


def broken_floors(module: Path, names: Iterator[tuple[int, str]]) -> Iterator[str]:
    here = home(module)
    for line, name in names:
        parts = name.split(".")
        if parts[0] != "holdfast" or name == "holdfast.__version__":
            continue
        there = parts[1] if len(parts) > 1 else ""
        if there == here:
            continue
        if there not in FLOORS:
            yield f"{module}:{line} imports {name}: inside the package a name is imported from its home"
        elif not _below(here, there):
            yield f"{module}:{line} imports {name}: floor {FLOORS[here]} may not see floor {FLOORS[there]}"
        elif there == "testing" and here != "cli":
            yield f"{module}:{line} imports {name}: testing is for users, and for `holdfast demo`"


def _below(here: str, there: str) -> bool:
    return FLOORS[there] < FLOORS[here] or FLOORS[here] == FLOORS[there] == VOCABULARY


def broken_purity(module: Path, names: Iterator[tuple[int, str]]) -> Iterator[str]:
    forbidden: frozenset[str] = frozenset()
    if FLOORS[home(module)] <= SANS_IO_UP_TO:
        forbidden = IO_MODULES
    elif home(module) in PURE:
        forbidden = SLEEPERS
    for line, name in names:
        if name.split(".")[0] in forbidden:
            yield f"{module}:{line} imports {name}: this floor takes time, bytes and chance as arguments"


def broken_borders(module: Path, names: Iterator[tuple[int, str]]) -> Iterator[str]:
    for line, name in names:
        top = name.split(".")[0]
        if top == "holdfast" or top in sys.stdlib_module_names:
            continue
        if not _mans(module, top):
            yield f"{module}:{line} imports {name}: only {THIRD_PARTY.get(top, 'nobody')} may"


def _mans(module: Path, package: str) -> bool:
    """Whether the package is this file's, or that of the folder it is in."""
    post = THIRD_PARTY.get(package, "")
    return f"{module.parent.as_posix()}/" == post or module.as_posix() == post


def floor_modules() -> list[Path]:
    """Every file but the root's door, which names everything and imports it on first use only."""
    return [module for module in source.modules() if module != Path("__init__.py")]


def test_every_file_stands_on_a_floor() -> None:
    """A new top-level module must be given a floor before it can be imported."""
    assert {home(module) for module in floor_modules()} <= set(FLOORS)


def test_a_file_imports_its_own_folder_or_a_lower_floor() -> None:
    """Siblings on one floor do not know each other; the testing kit is imported by the CLI alone."""
    assert [c for m in floor_modules() for c in broken_floors(m, source.imports(m))] == []


def test_the_lower_floors_do_no_io() -> None:
    """F0-F2 import no clock, socket, thread, chance or log; resilience and handling never sleep."""
    assert [c for m in floor_modules() for c in broken_purity(m, source.imports(m))] == []


def test_each_third_party_package_has_one_border_post() -> None:
    """The core stands on the standard library; an extra's package is imported in one named place."""
    assert [c for m in source.modules() for c in broken_borders(m, source.imports(m))] == []


def test_every_border_post_is_manned() -> None:
    """The table above names no package that is not imported there."""
    used = {
        name.split(".")[0]
        for module in floor_modules()
        for _, name in source.imports(module)
        if _mans(module, name.split(".")[0])
    }
    assert set(THIRD_PARTY) <= used


def test_the_door_imports_nothing_at_once() -> None:
    """`import holdfast` loads none of its own modules: each name is found on first use."""
    top = {type(node).__name__ for node in source.tree(Path("__init__.py")).body}
    guarded = {name for _, name in source.imports(Path("__init__.py")) if name.startswith("holdfast.")}
    assert guarded
    assert "If" in top
    eager = [
        name
        for node in source.tree(Path("__init__.py")).body
        for name in [getattr(node, "module", None)]
        if name is not None and name.startswith("holdfast")
    ]
    assert eager == []


@pytest.mark.parametrize(
    ("module", "name", "check"),
    [
        ("codec/reader.py", "holdfast.protocol.session", broken_floors),
        ("outbox/memory.py", "holdfast.transport.tcp", broken_floors),
        ("client/client.py", "holdfast.testing.Broker", broken_floors),
        ("ingest/ingest.py", "holdfast.Client", broken_floors),
        ("protocol/session.py", "time", broken_purity),
        ("errors.py", "logging.getLogger", broken_purity),
        ("resilience/backoff.py", "asyncio.sleep", broken_purity),
        ("client/client.py", "typer", broken_borders),
    ],
)
def test_the_checks_complain(module: str, name: str, check: object) -> None:
    """A planted import across a border is named."""
    assert callable(check)
    assert list(check(Path(module), iter([(1, name)])))
