"""Which key belongs to which connection of a pool, and which files its folder has (contract 25)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from holdfast.client.layout import Folder, Slot, generation, shard, slots
from holdfast.errors import ConfigurationError, OutboxError, OutboxLocked, OutboxUnwritable


def test_a_key_has_the_same_connection_in_every_process() -> None:
    """Written down here: another hash would part a key from its own backlog."""
    assert [shard(key, 4) for key in ("", "plant/1", "plant/2", "ü", "\ud800")] == [0, 2, 0, 3, 0]


def test_keys_are_spread() -> None:
    """Each of seven connections gets its part of many keys."""
    counts = Counter(shard(f"plant/{number}/temp", 7) for number in range(7000))
    assert sorted(counts) == list(range(7))
    assert all(850 < count < 1150 for count in counts.values())


def test_a_key_is_a_str() -> None:
    """A number is not silently taken for its digits."""
    with pytest.raises(ConfigurationError, match="a key is a str, not int") as raised:
        shard(7, 4)  # type: ignore[arg-type]
    assert raised.value.hint == "key='7'"


def test_names_say_all_that_is_known_of_a_file() -> None:
    """The generation stands in them only where there has been another number before."""
    first, later = Slot(1, 0, 4), Slot(3, 1, 2)
    assert (first.file, first.client_id("gw")) == ("0-of-4.db", "gw-0")
    assert first.client_id(None) is None
    assert (later.file, later.client_id("gw")) == ("1-of-2.3.db", "gw-1.3")


@pytest.mark.parametrize(
    ("there", "connections", "now"),
    [
        ([], 4, 1),
        (slots(1, 4), 4, 1),
        (slots(1, 4), 2, 2),
        ([*slots(1, 4), *slots(2, 2)], 2, 2),
        ([*slots(1, 4), *slots(2, 2)], 4, 3),
    ],
    ids=["new", "as before", "another", "another as before", "back"],
)
def test_another_number_is_another_generation(there: list[Slot], connections: int, now: int) -> None:
    """Also where an earlier one had that number: its files may hold what is older than the newest ones'."""
    assert generation(there, connections) == now


def test_a_folder_gives_its_files_oldest_first(tmp_path: Path) -> None:
    """It is made where it is missing; whatever else lies in it is nobody's outbox."""
    folder = Folder(tmp_path / "a" / "pool")
    assert folder.open() == []
    for name in ("10-of-11.db", "9-of-11.db", "0-of-2.2.db", "0-of-2.2.db-wal", "x-of-2.db", "0-of-0.db"):
        (tmp_path / "a" / "pool" / name).touch()
    folder.close()
    assert folder.open() == [Slot(1, 9, 11), Slot(1, 10, 11), Slot(2, 0, 2)]
    folder.close()
    folder.close()


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    """With other numbers of connections two processes would own no file in common, and send side by side."""
    one, two = Folder(tmp_path), Folder(tmp_path)
    one.open()
    with pytest.raises(OutboxLocked, match="in use by process"):
        two.open()
    one.close()
    two.open()
    two.close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Whoever turns a Client into a Pool is told so, and the file is left alone."""
    (tmp_path / "gateway.db").write_text("x")
    with pytest.raises(OutboxError, match="is a file: a pool has a file for each connection"):
        Folder(tmp_path / "gateway.db").open()
    with pytest.raises(OutboxUnwritable, match="Not a directory"):
        Folder(tmp_path / "gateway.db" / "pool").open()
