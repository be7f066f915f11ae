"""An outbox and its commands where the rights are not enough: a user who may not write there, or not read."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from holdfast.cli.keeping import backup, rebind
from holdfast.cli.orders import Order, order
from holdfast.cli.outbox import list_messages
from holdfast.cli.render import Screen
from holdfast.cli.running import run_plain
from holdfast.client.clock import SystemClock
from holdfast.errors import HoldfastError
from holdfast.outbox.sqlite import SqliteOutbox
from tests.unit.outbox.files import accept, open_outbox

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may look into and only we may write in, with an outbox of two messages."""
    folder = Path(mkdtemp())
    folder.chmod(0o755)
    outbox = open_outbox(folder / "gateway.db")
    accept(outbox, 2)
    outbox.close(10)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def as_another(folder: Path, work: Callable[[], object]) -> str:
    """What is said to one who may not write in the folder: for root another user, else we ourselves."""
    SystemClock().boot()  # imports what the other user may not be able to read
    read, write = os.pipe()
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        else:
            folder.chmod(0o555)
        sys.stdout = sys.stderr = os.fdopen(write, "w")
        try:
            print(work(), flush=True)
        except HoldfastError as error:
            print(f"{type(error).__name__}: {error} | {error.hint}", flush=True)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.parametrize("name", ["gateway.db", "new.db"])
def test_an_outbox_in_a_folder_that_cannot_be_written(folder: Path, name: str) -> None:
    """Refused when it is opened, with what is missing; the file is as it was."""
    (folder / "gateway.db.lock").unlink()
    said = as_another(folder, lambda: SqliteOutbox(folder / name, SystemClock()).open("gateway-7"))
    assert said.startswith(f"OutboxUnwritable: {folder}/{name} cannot be opened: Permission denied")
    assert "the right to write in" in said
    assert sorted(file.name for file in folder.iterdir() if file.suffix == ".db") == ["gateway.db"]


def test_commands_that_change_something(folder: Path) -> None:
    """Refused as the outbox itself would be, before anything happens."""
    (folder / "gateway.db").chmod(0o644)
    file = str(folder / "gateway.db")
    for work in (
        lambda: order(file, Order("purge", None), 1, Screen()),
        lambda: rebind(file, "gateway-8", None, Screen()),
        lambda: backup(file, str(folder / "kept.db"), Screen()),
    ):
        assert "Permission denied" in as_another(folder, work)
    assert list(folder.glob("kept*")) == []


def test_looking_into_a_folder_that_cannot_be_written(folder: Path) -> None:
    """A file at rest can be read there by whoever may read it."""
    file = folder / "gateway.db"
    file.chmod(0o644)
    said = as_another(folder, lambda: run_plain(lambda: list_messages(str(file), 50, Screen()), Screen()))
    assert "pending 2" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_whose_it_is(folder: Path) -> None:
    """A file with mode 0600, as they all are: the hint names its owner."""
    file = str(folder / "gateway.db")
    said = as_another(folder, lambda: list_messages(file, 50, Screen()))
    assert "cannot be read: Permission denied" in said
    assert "it belongs to root: sudo -u 'root' holdfast" in said
