"""The commands, and the groups of commands."""

# No `from __future__ import annotations` here: typer reads the annotations of these functions.

import sys
from collections.abc import Coroutine
from dataclasses import replace
from typing import Annotated, NoReturn, cast

import typer

from holdfast import __version__
from holdfast.cli.app import deadletter, outbox
from holdfast.cli.app.flags import AsJson, Level, dials, group, option
from holdfast.cli.ingest import Role, settled
from holdfast.cli.ingest import ingest as run_ingest
from holdfast.cli.link import LinkOptions
from holdfast.cli.pub import PubOptions
from holdfast.cli.pub import pub as run_pub
from holdfast.cli.render import Screen
from holdfast.cli.running import run
from holdfast.cli.sub import SubOptions
from holdfast.cli.sub import sub as run_sub
from holdfast.cli.workers.run import ScaleOptions, check_slots, scale_out
from holdfast.messages import QoS

app = group("holdfast", "")
app.add_typer(outbox.app)
app.add_typer(deadletter.app)


def _end(work: Coroutine[None, None, int], screen: Screen) -> NoReturn:
    sys.exit(run(work, screen))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def holdfast(
    version: Annotated[
        bool, option("--version", is_eager=True, callback=_print_version, help="Say which release this is.")
    ] = False,
) -> None:
    """MQTT that keeps its promises: publish, listen, and fill a database through any outage.

    Exit codes: 0 done, 1 a message or check failed, 2 usage, 69 gave up on the broker, 73 the database
    or outbox cannot be used, 78 a setting from a file or the environment is wrong.
    """


@app.command()
def demo(
    seconds: Annotated[float, option(metavar="S", min=10, max=600, help="How long messages are sent.")] = 30,
    seed: Annotated[int | None, option(metavar="N", help="Replay the same faults.")] = None,
    folder: Annotated[str, option(metavar="DIR", help="Where the outboxes and the database go.")] = "demo",
    built_in: Annotated[
        bool, option("--built-in", help="Our own broker even where mosquitto is: kill -9 costs it nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A broker and its gateways are killed while messages cross into a database; prints the ledger.

    \b
    Exit code 1 when a message was lost or stored twice by us.

    \b
    Examples:
      holdfast demo
      holdfast demo --seed 20261121 --seconds 60
    """
    from holdfast.cli.demo.show import DemoOptions  # the test kit, for this command only
    from holdfast.cli.demo.show import demo as show_demo

    screen = Screen(as_json=as_json)
    options = DemoOptions(seconds=seconds, seed=seed, folder=folder, built_in=built_in)
    _end(show_demo(options, screen), screen)


@app.command()
@dials
def ingest(
    link: LinkOptions,
    topic: Annotated[
        list[str] | None,
        option("--topic", "-t", metavar="FILTER", help="{name} captures a level as a column. Repeatable."),
    ] = None,
    into: Annotated[
        str | None, option(metavar="DB", help="A path, sqlite:///FILE or postgresql://HOST/DB.")
    ] = None,
    table: Annotated[
        str | None, option(metavar="NAME", help="Made where it is not there; else messages.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        option(metavar="NAME=SOURCE", help="'SOURCE type [required|default=VALUE]'. Repeatable."),
    ] = None,
    key: Annotated[
        list[str] | None,
        option(metavar="COLUMN", help="Rows with the same values in these are one. Repeatable."),
    ] = None,
    keep: Annotated[
        str | None, option(metavar="first|last", help="Which of the rows with one key; else the first.")
    ] = None,
    share: Annotated[str | None, option(metavar="GROUP", help="Share the messages with this group.")] = None,
    qos: Annotated[
        int | None, option("--qos", "-q", min=0, max=2, help="Quality of service; else 1.")
    ] = None,
    batch: Annotated[
        int | None, option(metavar="N", min=1, help="Most rows in one transaction; 500.")
    ] = None,
    batch_wait_s: Annotated[
        float | None, option(metavar="S", min=0, help="How long a message waits for company; 0.01.")
    ] = None,
    outbox: Annotated[
        str | None,
        option(metavar="FILE", help="Keeps the session, and what the database cannot take; else DB.spool."),
    ] = None,
    no_spool: Annotated[
        bool, option("--no-spool", help="While the database is away nothing is kept or acknowledged.")
    ] = False,
    config: Annotated[
        str | None, option(metavar="FILE", help="Settings in TOML; $HOLDFAST_* and flags win over it.")
    ] = None,
    workers: Annotated[
        int | None,
        option(
            metavar="N", min=0, help="So many processes, with --share; slots of more than that are retired."
        ),
    ] = None,
    slots: Annotated[
        str | None, option(metavar="FOLDER", help="The workers' files; else beside the database.")
    ] = None,
    retire: Annotated[
        bool, option("--retire", help="Store what the broker still holds for us, and end the session.")
    ] = False,
    slot: Annotated[str | None, option(hidden=True)] = None,
    as_json: AsJson = False,
) -> NoReturn:
    """Messages into a database, each acknowledged after its row is committed; at QoS 2 exactly once.

    Runs until Ctrl-C or SIGTERM and prints the ledger. The client id is made once and kept, so that the
    broker keeps what comes while we are away (24 hours). While the database is away, messages are kept in
    the outbox file, and stored in their order when it is back.

    \b
    Examples:
      holdfast ingest -u mqtt://localhost -t 'plant/{line}/temp' --into readings.db
      holdfast ingest -t 'plant/#' -t 'site/{room}/co2' --into sqlite:////var/lib/readings.db --qos 2
      holdfast ingest -t 'plant/{line}/temp' --into readings.db --columns 'line={line} text' \\
        --columns 'temp_c=$.value real required' --columns 'at=$.time unixtime' --key line --key at
      holdfast ingest --config ingest.toml
      holdfast ingest -t 'plant/#' --into readings.db --workers 4 --share plant
    """
    screen = Screen(as_json=as_json)

    typed = {
        "topic": topic, "into": into, "table": table, "columns": columns, "key": key, "keep": keep,
        "share": share, "qos": qos, "batch": batch, "batch_wait_s": batch_wait_s,
        "spool": False if no_spool else None,
    }  # fmt: skip

    async def work() -> int:
        check_slots(workers, slots)
        whole, several = settled(replace(link, outbox=slot or outbox), typed, config)
        role = Role(retire=retire, slot=slot)
        if workers is None or slot is not None:
            return await run_ingest(whole, several, role, screen)
        scale = ScaleOptions(workers=workers, slots=slots, arguments=sys.argv[1:])
        return await scale_out(whole, several, role, scale, screen)

    _end(work(), screen)


@app.command()
@dials
def pub(
    topic: Annotated[str, typer.Argument(metavar="TOPIC")],
    link: LinkOptions,
    payload: Annotated[str, typer.Argument(metavar="PAYLOAD|-", help="- reads it from stdin.")] = "",
    qos: Level = 1,
    retain: Annotated[bool, option("--retain", "-r", help="Kept for new subscribers.")] = False,
    expiry_s: Annotated[float | None, option(metavar="S", help="Not delivered when older than this.")] = None,
    content_type: Annotated[str | None, option(metavar="TYPE", help="Content type (MQTT 5).")] = None,
    outbox: Annotated[
        str | None, option(metavar="FILE", help="Keep it here until a broker takes it.")
    ] = None,
    timeout_s: Annotated[float, option(metavar="S", min=0, help="Give up after so long.")] = 30,
    as_json: AsJson = False,
) -> NoReturn:
    """One message; exit code 0 means that the broker acknowledged it.

    With --outbox it means that the file has it: what the broker did not take goes out with the next
    program that uses this outbox.

    \b
    Examples:
      holdfast pub -u mqtt://localhost plant/1/temp 21.5
      holdfast pub plant/1/temp 21.5 --outbox gateway.db --timeout-s 2
      sensors | holdfast pub plant/1/frame - --qos 2 --timeout-s 5
    """
    screen = Screen(as_json=as_json)
    options = PubOptions(
        topic=topic,
        payload=sys.stdin.buffer.read() if payload == "-" else payload.encode(errors="surrogateescape"),
        qos=cast(QoS, qos),
        retain=retain,
        expiry_s=expiry_s,
        content_type=content_type,
        outbox=outbox,
        timeout_s=timeout_s,
    )
    _end(run_pub(link, options, screen), screen)


@app.command()
@dials
def sub(
    filters: Annotated[list[str], typer.Argument(metavar="FILTER...")],
    link: LinkOptions,
    qos: Level = 1,
    share: Annotated[str | None, option(metavar="GROUP", help="Share the messages with this group.")] = None,
    as_json: AsJson = False,
) -> NoReturn:
    """Messages as lines, each acknowledged when its line is flushed.

    Without --client-id the broker keeps nothing for us while we are away.

    \b
    Examples:
      holdfast sub -u mqtt://localhost 'plant/#'
      holdfast sub 'plant/{line}/temp' --json | jq .payload
    """
    screen = Screen(as_json=as_json)
    options = SubOptions(filters=tuple(filters), qos=cast(QoS, qos), share=share)
    _end(run_sub(link, options, screen), screen)
