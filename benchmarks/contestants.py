"""Who is measured: a runner each, in an environment of its own with the version that peers.txt names."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

from benchmarks.cases import Case

ROOT = Path(__file__).resolve().parents[1]
_PEERS = ROOT / "benchmarks/peers.txt"
_VENVS = ROOT / "benchmarks/.venvs"


class Contestant(NamedTuple):
    name: str
    module: str
    package: str | None
    """Its line in peers.txt; None: this checkout, in the environment of the harness."""
    options: tuple[str, ...] = ()
    only: str = ""
    """The direction it is measured in; empty: both."""

    def takes_part(self, case: Case) -> bool:
        return self.only in ("", case.direction)

    def command(self) -> list[str]:
        python = sys.executable if self.package is None else str(_python(self.package))
        return [python, "-m", f"benchmarks.clients.{self.module}", *self.options]


AGAIN = "gmqtt (again)"
"""The second half of the A/A pair: the same as gmqtt. What differs between the two is noise."""

CONTESTANTS = (
    Contestant("holdfast", "holdfast_client", None),
    Contestant("gmqtt", "gmqtt_client", "gmqtt"),
    Contestant(AGAIN, "gmqtt_client", "gmqtt"),
    Contestant("gmqtt (async handler)", "gmqtt_client", "gmqtt", ("--async-handler",), only="receive"),
    Contestant("paho", "paho_client", "paho-mqtt"),
)


def peer_versions() -> dict[str, str]:
    lines = _PEERS.read_text("utf-8").split()
    return dict(line.split("==") for line in lines)


def prepare(contestants: list[Contestant]) -> None:
    """Make the environments that are missing or hold another version than peers.txt."""
    versions = peer_versions()
    for package in sorted({one.package for one in contestants if one.package}):
        pin = f"{package}=={versions[package]}"
        stamp = _VENVS / package / "pin"
        if stamp.exists() and stamp.read_text("utf-8") == pin and _python(package).exists():
            continue
        print(f"installing {pin} into benchmarks/.venvs/{package}", flush=True)
        venv.create(_VENVS / package, with_pip=True, clear=True)
        pip = [str(_python(package)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pin]
        subprocess.run(pip, check=True)
        stamp.write_text(pin, "utf-8")


def environment() -> dict[str, str]:
    """Of every client process; only ours looks at src."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def _python(package: str) -> Path:
    return _VENVS / package / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
