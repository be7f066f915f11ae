"""``holdfast outbox``: what waits in a file, and what may be done about it."""

# No `from __future__ import annotations` here: typer reads the annotations of these functions.

from typing import Annotated, NoReturn

import typer

from holdfast.cli import keeping
from holdfast.cli import outbox as work
from holdfast.cli.app.flags import (
    AsJson,
    Everything,
    File,
    Limit,
    Number,
    Numbers,
    Patience,
    To,
    end,
    group,
    option,
)
from holdfast.cli.orders import order, ordered

app = group(
    "outbox",
    """What waits in an outbox file; the service that owns it may go on running.

    \b
    Examples:
      holdfast outbox list gateway.db
      holdfast outbox retry gateway.db --all
    """,
)


@app.command("list")
def list_messages(file: File, limit: Limit = 50, as_json: AsJson = False) -> NoReturn:
    """What waits, in the order in which it leaves, what came in and is held, and the books of the file.

    \b
    Examples:
      holdfast outbox list gateway.db
      holdfast outbox list gateway.db --limit 1000 --json | jq .topic
    """
    end(lambda screen: work.list_messages(file, limit, screen), as_json)


@app.command()
def show(file: File, number: Number, as_json: AsJson = False) -> NoReturn:
    """Everything about one message, with its payload: as text, or in hex where it is not UTF-8.

    \b
    Examples:
      holdfast outbox show gateway.db 184177
    """
    end(lambda screen: work.show(file, number, screen), as_json)


@app.command()
def export(file: File, to: To = None, as_json: AsJson = False) -> NoReturn:
    """All that waits, one JSON object per line; payloads in base64, and as text where they are UTF-8.

    \b
    Examples:
      holdfast outbox export gateway.db --to waiting.jsonl
      holdfast outbox export gateway.db | jq -r .topic | sort | uniq -c
    """
    end(lambda screen: work.export_messages(file, to, screen), as_json)


@app.command()
def retry(
    file: File,
    numbers: Numbers = None,
    everything: Everything = False,
    timeout_s: Patience = 10,
    as_json: AsJson = False,
) -> NoReturn:
    """Send parked messages, and those the broker refused for now, without waiting any longer.

    The owner of the file does it, or this command where nobody owns it. Exit code 1: not all of it
    was done, or the owner has not said so in time; then it does it later.

    \b
    Examples:
      holdfast outbox retry gateway.db 184177
    """
    end(lambda screen: order(file, ordered("retry", numbers, everything), timeout_s, screen), as_json)


@app.command()
def purge(
    file: File,
    numbers: Numbers = None,
    everything: Everything = False,
    timeout_s: Patience = 10,
    as_json: AsJson = False,
) -> NoReturn:
    """Give messages up that were never sent; the books count them as dropped.

    What is in flight stays: the broker may know it already. Otherwise as retry.

    \b
    Examples:
      holdfast outbox purge gateway.db 184177 184178
      holdfast outbox purge gateway.db --all
    """
    end(lambda screen: order(file, ordered("purge", numbers, everything), timeout_s, screen), as_json)


Target = Annotated[str, typer.Argument(metavar="TO", help="A file that is not there yet.")]


@app.command()
def backup(file: File, to: Target, as_json: AsJson = False) -> NoReturn:
    """A copy of the file as it is at this moment, also under a running service.

    \b
    Examples:
      holdfast outbox backup gateway.db gateway-monday.db
    """
    end(lambda screen: keeping.backup(file, to, screen), as_json)


@app.command()
def restore(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="Made by backup.")],
    file: File,
    force: Annotated[bool, option("--force", help="Also over messages that wait in FILE.")] = False,
    as_json: AsJson = False,
) -> NoReturn:
    """Put a backup in the place of the file. Only while nobody owns it.

    The broker has moved on since: what the backup knew to be in flight is sent again, in a new session.

    \b
    Examples:
      holdfast outbox restore gateway-monday.db gateway.db
    """
    end(lambda screen: keeping.restore(backup, file, force, screen), as_json)


@app.command()
def rebind(
    file: File,
    client_id: Annotated[str | None, option(metavar="ID", help="Its messages leave as this client.")] = None,
    url: Annotated[str | None, option("--url", "-u", metavar="URL", help="They go to this broker.")] = None,
    as_json: AsJson = False,
) -> NoReturn:
    """Make the file that of another client, or for another broker. Only while nobody owns it.

    \b
    Examples:
      holdfast outbox rebind gateway.db --client-id gateway-8
      holdfast outbox rebind gateway.db -u mqtts://broker.example
    """
    end(lambda screen: keeping.rebind(file, client_id, url, screen), as_json)
