"""``holdfast deadletter``: what was refused for good."""

# No `from __future__ import annotations` here: typer reads the annotations of these functions.

from typing import NoReturn

from holdfast.cli import deadletter as work
from holdfast.cli.app.flags import AsJson, Everything, File, Limit, Number, Numbers, Patience, To, end, group
from holdfast.cli.orders import order, ordered

app = group(
    "deadletter",
    """What was refused for good; it is kept in the outbox file until somebody looks after it.

    \b
    Examples:
      holdfast deadletter list gateway.db
      holdfast deadletter retry gateway.db --all
    """,
)


@app.command("list")
def list_letters(file: File, limit: Limit = 50, as_json: AsJson = False) -> NoReturn:
    """Dead letters, oldest first, and why they are.

    \b
    Examples:
      holdfast deadletter list gateway.db
    """
    end(lambda screen: work.list_letters(file, limit, screen), as_json)


@app.command()
def show(file: File, number: Number, as_json: AsJson = False) -> NoReturn:
    """Everything about one dead letter, with its payload.

    \b
    Examples:
      holdfast deadletter show gateway.db 12
    """
    end(lambda screen: work.show(file, number, screen), as_json)


@app.command()
def export(file: File, to: To = None, as_json: AsJson = False) -> NoReturn:
    """All dead letters, one JSON object per line.

    \b
    Examples:
      holdfast deadletter export gateway.db --to refused.jsonl
    """
    end(lambda screen: work.export_letters(file, to, screen), as_json)


@app.command()
def retry(
    file: File,
    numbers: Numbers = None,
    everything: Everything = False,
    timeout_s: Patience = 10,
    as_json: AsJson = False,
) -> NoReturn:
    """Accept them again, as new messages; the dead letters are gone then.

    One that came in, and that its handler refused, is handed to that handler again.

    The owner of the file does it, or this command where nobody owns it.

    \b
    Examples:
      holdfast deadletter retry gateway.db 12
    """
    wanted = "deadletter retry"
    end(lambda screen: order(file, ordered(wanted, numbers, everything), timeout_s, screen), as_json)


@app.command()
def purge(
    file: File,
    numbers: Numbers = None,
    everything: Everything = False,
    timeout_s: Patience = 10,
    as_json: AsJson = False,
) -> NoReturn:
    """Delete them; the books go on counting them as failed.

    \b
    Examples:
      holdfast deadletter purge gateway.db --all
    """
    wanted = "deadletter purge"
    end(lambda screen: order(file, ordered(wanted, numbers, everything), timeout_s, screen), as_json)
