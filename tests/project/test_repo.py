"""The repository polices itself: no stray hosts, paths or secrets; small files; exact pins; spoken claims."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.project import source
from tests.project.source import ROOT

# Pages a reader is sent to. Nothing is downloaded from any of them.
LINKED_HOSTS = {
    "www.apache.org": "the licence names itself",
    "keepachangelog.com": "the form of the changelog",
    "semver.org": "the meaning of the version",
    "www.w3.org": "the name space of SVG, which is a name and no address",
}

# A file longer than this has more than one responsibility, or a reason that stands here.
LONGEST_FILE = 250
_SUITE = "one suite over every broker and version; its cases share their fixtures"
LONG_FILES: dict[str, str] = {
    "src/holdfast/client/client.py": "the public face: two thirds are signatures and docstrings",
    "src/holdfast/client/events.py": "a list of value classes: names, fields and docstrings",
    "src/holdfast/client/engine.py": "the driver of a session, its port in and its turns",
    "src/holdfast/codec/packets.py": "the packets, each with its fields written out; no branch in it",
    "src/holdfast/protocol/events.py": "a list of value classes: names, fields and docstrings",
    "src/holdfast/protocol/receiver.py": "one state machine, its theory on top",
    "src/holdfast/protocol/sender.py": "one state machine, its theory on top",
    "src/holdfast/protocol/session.py": "the whole face of the core, mostly docstrings",
    "src/holdfast/sync/client.py": "the public face once more: signatures and docstrings",
    "tests/integration/test_lifecycle.py": _SUITE,
    "tests/integration/test_outages.py": _SUITE,
    "tests/integration/test_refusals.py": _SUITE,
    "tests/integration/test_subscriptions.py": _SUITE,
    "tests/simulation/planted.py": "a list of planted bugs",
    "tests/simulation/planted_disk.py": "a list of planted bugs",
    "tests/unit/client/test_engine.py": "mirrors a long file",
    "tests/unit/protocol/test_receiver.py": "mirrors a long file",
    "tests/unit/protocol/test_sender.py": "mirrors a long file",
    "tests/unit/protocol/test_sender_again.py": "mirrors a long file",
}

# A module without branches of its own needs no test file of its own; the reason stands here.
SIMULATOR = (
    "the simulator is a test itself: tests/simulation shows that it passes the core and finds planted bugs"
)
TESTED_ELSEWHERE: dict[str, str] = {
    module.as_posix(): SIMULATOR
    for module in source.modules()
    if module.parts[:2] == ("testing", "simulator") and module.name not in {"__init__.py", "__main__.py"}
} | {
    "client/workers.py": "protocols alone: test_consumers.py holds all their kinds to them",
    "outbox/schema.py": "statements alone: test_migrations.py holds new files and migrated ones to the same",
    "client/port.py": "protocols alone: test_drive.py and test_isolation.py hold both of their kinds to them",
}

_URL = re.compile(r"https?://(?:[^@/\s]+@)?([A-Za-z0-9][A-Za-z0-9.-]*)")
_BROKER = re.compile(r"(?:mqtts?|wss?)://(?:[^@/\s]+@)?([A-Za-z0-9.-]+)")
_HOME = re.compile(r"(?<![\w.~}])/(?:home|Users|root)/\w")
_SECRET = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")


def texts() -> Iterator[tuple[Path, str]]:
    for path in source.tracked():
        text = source.text(path)
        if text is not None:
            yield path, text


def _made_up(host: str) -> bool:
    """A host that can never be somebody's: loopback, one label, or a name reserved for examples."""
    reserved = (".example", ".invalid", ".test", ".localhost", "example.com", "example.org", "example.net")
    return (
        host.endswith(reserved) or host.startswith("127.") or host == "0.0.0.0" or "." not in host.strip(".")
    )


def test_no_file_leads_to_an_unknown_host() -> None:
    """No download host or registry: only the pages named above, and addresses nobody owns."""
    strays = {
        (str(path), host)
        for path, text in texts()
        for host in _URL.findall(text)
        if host not in LINKED_HOSTS and not _made_up(host)
    }
    assert strays == set()


def test_every_linked_host_is_used() -> None:
    """The list above holds no page that nobody points at."""
    used = {host for path, text in texts() if path.name != "test_repo.py" for host in _URL.findall(text)}
    assert set(LINKED_HOSTS) <= used


def test_no_real_broker_is_named() -> None:
    """Broker addresses in code, tests and documents are loopback or reserved for examples."""
    strays = {
        (str(path), host) for path, text in texts() for host in _BROKER.findall(text) if not _made_up(host)
    }
    assert strays == set()


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """No home directory and no path of this checkout."""
    marks = [str(path) for path, text in texts() if _HOME.search(text) or f"{ROOT}/" in text]
    assert marks == []


def test_no_secret_is_kept() -> None:
    """Keys and certificates for tests are made when the tests run."""
    assert [str(path) for path, text in texts() if _SECRET.search(text)] == []


def test_files_stay_small() -> None:
    """Python files stay within the limit, or stand above with a reason; no reason outlives its file."""
    long = {
        path.as_posix()
        for path, text in texts()
        if path.suffix == ".py" and text.count("\n") > LONGEST_FILE and path.parts[0] in {"src", "tests"}
    }
    assert long == set(LONG_FILES)


def test_every_source_file_has_its_test_file() -> None:
    """tests/unit mirrors src/holdfast: a claim about a file is found beside its name."""
    missing = {
        module.as_posix()
        for module in source.modules()
        if module.name not in {"__init__.py", "__main__.py"}
        and not (ROOT / "tests/unit" / module.parent / f"test_{module.name}").exists()
    }
    assert missing == set(TESTED_ELSEWHERE)


def test_every_test_says_its_claim() -> None:
    """A test is a claim: its docstring states the behaviour."""
    silent = [
        f"{path}: {name}"
        for path, text in texts()
        if path.parts[0] == "tests" and path.name.startswith("test_")
        for name in _undocumented_tests(text)
    ]
    assert silent == []


def _undocumented_tests(text: str) -> Iterator[str]:
    return (test.name for test in _tests(text) if not ast.get_docstring(test))


def _tests(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def test_no_test_sleeps_blindly() -> None:
    """A test waits for a condition with a limit; a sleep outside a polling loop is a guess."""
    strays = [
        f"{path}:{line}"
        for path, text in texts()
        if path.parts[0] == "tests" and path.name.startswith("test_")
        for test in _tests(text)
        for line in _blind_sleeps(test.body)
    ]
    assert strays == []


def _blind_sleeps(body: list[ast.stmt]) -> Iterator[int]:
    """Lines of sleeps above 0 in no loop and no nested function (a slow handler may sleep)."""
    scopes = (ast.While, ast.For, ast.AsyncFor, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, scopes):
            continue
        if isinstance(node, ast.Call) and re.fullmatch(
            r"(time|asyncio)\.sleep\((?!0\)).*\)", ast.unparse(node)
        ):
            yield node.lineno
        waiting.extend(ast.iter_child_nodes(node))


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_core_has_no_dependency() -> None:
    """`pip install holdfast` brings nothing but holdfast."""
    project = pyproject()["project"]
    assert isinstance(project, dict)
    assert project["dependencies"] == []


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {_normal(name): version for name, version in pairs}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_are_exact_pins() -> None:
    """Each line is name==version: no host, no range, no option."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", line)]
    assert odd == []


def test_every_extra_is_pinned() -> None:
    """What `make setup` may install has its version in constraints.txt."""
    project = pyproject()["project"]
    assert isinstance(project, dict)
    extras: dict[str, list[str]] = project["optional-dependencies"]
    names = {_normal(re.split(r"[\[<>=!~; ]", line)[0]) for lines in extras.values() for line in lines}
    assert names - {"holdfast"} <= set(pins())


def test_the_changelog_has_a_place_for_what_comes() -> None:
    """CHANGELOG.md is kept while the work is done: it has an Unreleased section."""
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
