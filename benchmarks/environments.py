"""Where the peers live: an environment each with the versions of peers.txt, and what is built in C: the
client of libmosquitto, and the library that makes the disk slower.

A line of peers.txt is the name of an environment and its pins. What cannot be installed or built is told
with the reason and not measured; nothing is left out silently.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PEERS = ROOT / "benchmarks/peers.txt"
_VENVS = ROOT / "benchmarks/.venvs"

C = "libmosquitto"
"""The environment that is no Python."""
_SOURCES = ROOT / "benchmarks/clients"
_ADDED = "BENCH_SYNC_ADDED_MS"

# aiomqtt 3.0.0a1 asks for a codec release that comes without a wheel; the one pinned here speaks the same.
_WITHOUT_DEPENDENCIES = {"aiomqtt3"}


def pins() -> dict[str, list[str]]:
    """The requirements of each environment."""
    lines = (line.split() for line in _PEERS.read_text("utf-8").splitlines())
    return {name: pinned for name, *pinned in lines}


def versions() -> dict[str, str]:
    """Of each environment, for the record; the library of the C program says its own."""
    return {name: pinned[0].partition("==")[2] for name, pinned in pins().items()}


def python(environment: str) -> Path:
    return _VENVS / environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def program() -> Path:
    """The C program."""
    return _VENVS / C / "client"


def variables(slower_ms: int = 0) -> dict[str, str]:
    """Of every client process; only ours looks at src. Bytecode is kept, as it is of what pip installs.

    ``slower_ms``: what each fsync takes longer in it. Raises OSError, CalledProcessError where the library
    that does this cannot be built.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept["PYTHONPATH"] = str(ROOT / "src")
    return kept | {"LD_PRELOAD": str(_slow_sync()), _ADDED: str(slower_ms)} if slower_ms else kept


def prepare(names: Iterable[str]) -> dict[str, str]:
    """Make what is missing or holds other versions; gives the reason for each that could not be had."""
    missing = {}
    for name in sorted(set(names)):
        try:
            if name == C:
                _build("libmosquitto_client.c", program(), "-lmosquitto")
            else:
                _install(name, pins()[name])
        except (OSError, subprocess.CalledProcessError) as error:
            missing[name] = reason(error)
    return missing


def _install(name: str, pinned: list[str]) -> None:
    folder = _VENVS / name
    stamp, wanted = folder / "pin", " ".join(pinned)
    if stamp.exists() and stamp.read_text("utf-8") == wanted and python(name).exists():
        return
    print(f"installing {wanted} into benchmarks/.venvs/{name}", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    alone = ["--no-deps"] if name in _WITHOUT_DEPENDENCIES else []
    pip = [str(python(name)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *alone]
    subprocess.run([*pip, *pinned], check=True, capture_output=True, text=True)
    stamp.write_text(wanted, "utf-8")


def _build(name: str, target: Path, *options: str) -> Path:
    """Compiles again only when the source is newer."""
    source = _SOURCES / name
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler (cc)")
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [compiler, "-O2", "-Wall", "-o", str(target), str(source), *options]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target


def _slow_sync() -> Path:
    """The library to preload; on Linux."""
    return _build("slow_sync.c", _VENVS / "disk/slow_sync.so", "-shared", "-fPIC", "-ldl")


def reason(error: OSError | subprocess.CalledProcessError) -> str:
    """The first line that says what is wrong."""
    if isinstance(error, OSError):
        return str(error)
    lines = [line for line in (error.stderr or "").splitlines() if "error" in line.lower()]
    return (lines[-1].strip() if lines else f"exit {error.returncode}")[:200]
