"""``holdfast outbox backup``, ``restore`` and ``rebind`` (contract 2, 26)."""

from __future__ import annotations

import os

from holdfast.cli.export import messages
from holdfast.cli.failures import Code
from holdfast.cli.render import Screen
from holdfast.codec.wire import write_text
from holdfast.errors import ConfigurationError
from holdfast.outbox import copies, sqlite_file
from holdfast.transport.address import parse_url

NEW_SESSION = "what was in flight is sent again, in a new session"


def backup(file: str, to: str, screen: Screen) -> int:
    """A copy as of now. Raises OutboxError."""
    target = sqlite_file.resolve(to)
    copies.backup(sqlite_file.resolve(file), target)
    size = os.path.getsize(target)
    screen.result({"event": "backup", "to": to, "bytes": size}, f"{file} is kept as {to}", "green")
    return Code.DONE


def restore(backup: str, file: str, force: bool, screen: Screen) -> int:
    """In the place of the file. Raises OutboxError."""
    source, target = sqlite_file.resolve(backup), sqlite_file.resolve(file)
    if source == target:
        raise ConfigurationError("the backup and the file are the same", hint="name another file")
    waiting = copies.restore(source, target, force=force)
    sentence = f"{file} is as {backup} was: {messages(waiting)} pending; {NEW_SESSION}"
    screen.result({"event": "restore", "pending": waiting}, sentence, "green")
    return Code.DONE


def rebind(file: str, client_id: str | None, url: str | None, screen: Screen) -> int:
    """To a client id, a broker, or both. Raises OutboxError, ConfigurationError."""
    if client_id is None and url is None:
        raise ConfigurationError("rebind to what?", hint="say --client-id, --url, or both")
    if client_id is not None and len(write_text(client_id, "client_id")) == 2:
        raise ConfigurationError("client_id is empty", hint="name the client that its messages leave as")
    group = None if url is None else parse_url(url).place
    copies.rebind(sqlite_file.resolve(file), client_id, group)
    record = {"event": "rebind", "client_id": client_id, "group": group}
    to = " and ".join(
        f"{what} {name}" for what, name in (("the client id", client_id), ("the broker", group)) if name
    )
    screen.result(record, f"{file} belongs to {to} now; {NEW_SESSION}", "green")
    return Code.DONE
