"""What is checked before the first worker is started."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.failures import SettingsError
from holdfast.cli.ingest import Role
from holdfast.cli.link import LinkOptions
from holdfast.cli.render import Screen
from holdfast.cli.settings.ingests import IngestOptions
from holdfast.cli.settings.setting import Setting
from holdfast.cli.workers.run import ScaleOptions, check_slots, scale_out
from holdfast.cli.workers.slots import Slots
from holdfast.errors import ConfigurationError, OutboxLocked
from holdfast.ingest import SinkError

LINK = LinkOptions(client_id="plant")


async def scaled(folder: Path, *, link: LinkOptions = LINK, retire: bool = False, **more: Any) -> int:
    options = {"topic": ("plant/#",), "into": str(folder / "x.db"), "share": "g", **more}
    scale = ScaleOptions(workers=2, slots=None, arguments=())
    running = scale_out(link, [IngestOptions(**options)], Role(retire=retire), scale, Screen())
    return await asyncio.wait_for(running, 20)


async def test_workers_need_a_group(tmp_path: Path) -> None:
    """Without one each of them would get every message: nothing is started."""
    with pytest.raises(ConfigurationError, match="without --share"):
        await scaled(tmp_path, share=None)


async def test_who_retires_does_not_work(tmp_path: Path) -> None:
    """The hint names the way to retire all slots."""
    with pytest.raises(ConfigurationError, match="exclude each other") as refused:
        await scaled(tmp_path, retire=True)
    assert "--workers 0" in (refused.value.hint or "")


async def test_a_typed_outbox_is_not_ignored(tmp_path: Path) -> None:
    """Each worker has a file of its own; the hint says where."""
    path = str(tmp_path / "mine.db")
    with pytest.raises(ConfigurationError, match=r"^--outbox '.*mine\.db' with --workers") as refused:
        await scaled(tmp_path, link=replace(LINK, outbox=path))
    assert not isinstance(refused.value, SettingsError)
    assert "--slots FOLDER" in (refused.value.hint or "")


@pytest.mark.parametrize("origin", ["x.toml", "HOLDFAST_OUTBOX"])
async def test_an_outbox_from_elsewhere_is_not_ignored_either(tmp_path: Path, origin: str) -> None:
    """It is a wrong setting of the file or the variable that has it."""
    said = {"outbox.path": Setting("mine.db", origin)}
    with pytest.raises(SettingsError, match=rf"^{origin}: outbox\.path 'mine\.db' with --workers"):
        await scaled(tmp_path, link=replace(LINK, said=said))


async def test_the_other_settings_of_an_outbox_are_those_of_every_worker(tmp_path: Path) -> None:
    """Nothing is wrong with them: it is the folder that is missing here."""
    said = {"outbox.max_held_bytes": Setting(4096, "x.toml")}
    with pytest.raises(SinkError, match="there is no folder"):
        await scaled(tmp_path, link=replace(LINK, said=said), into=str(tmp_path / "none" / "x.db"))


def test_slots_are_of_workers() -> None:
    """Without any, the folder would be ignored."""
    check_slots(None, None)
    check_slots(0, "folder")
    with pytest.raises(ConfigurationError, match=r"^--slots 'folder' without --workers") as refused:
        check_slots(None, "folder")
    assert "--workers N" in (refused.value.hint or "")


async def test_a_database_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    """Not by each of the workers, again and again."""
    with pytest.raises(SinkError, match="there is no folder"):
        await scaled(tmp_path, into=str(tmp_path / "none" / "x.db"))


async def test_slots_that_are_in_use_are_told_at_once(tmp_path: Path) -> None:
    """Another command runs them."""
    slots = Slots(str(tmp_path / "x.db.slots"), "plant")
    with slots.held(), pytest.raises(OutboxLocked, match="are run by process"):
        await scaled(tmp_path)
