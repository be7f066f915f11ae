"""The door of the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from holdfast.cli.main import EXTRA, main

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from holdfast.cli.main import main
sys.argv = ["holdfast", "--help"]
main()
"""


@pytest.mark.parametrize("absent", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(absent: str) -> None:
    """One line on stderr names the extra, exit code 2, no traceback."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(absent=absent)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", EXTRA + "\n")
    assert "pip install 'holdfast[cli]'" in EXTRA


def test_another_missing_module_is_not_hidden() -> None:
    """A module of ours that is gone is a defect, not an extra."""
    code = WITHOUT.format(absent="sqlite3")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ModuleNotFoundError" in done.stderr
    assert EXTRA not in done.stderr


def test_with_the_extra_it_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`holdfast --version` says the release."""
    monkeypatch.setattr(sys, "argv", ["holdfast", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("holdfast 0.")
