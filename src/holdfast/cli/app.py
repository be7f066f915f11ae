"""The commands, their flags and their help: the one file that knows typer."""

# No `from __future__ import annotations` here: typer reads the annotations of these functions.

import functools
import inspect
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal, NoReturn, cast

import typer

from holdfast import __version__
from holdfast.cli.ingest import IngestOptions
from holdfast.cli.ingest import ingest as run_ingest
from holdfast.cli.link import DEFAULT_URL, VARIABLE, LinkOptions
from holdfast.cli.pub import PubOptions
from holdfast.cli.pub import pub as run_pub
from holdfast.cli.render import Screen
from holdfast.cli.running import run
from holdfast.cli.sub import SubOptions
from holdfast.cli.sub import sub as run_sub
from holdfast.messages import QoS

app = typer.Typer(
    name="holdfast",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_option = typer.Option

Level = Annotated[int, _option("--qos", "-q", min=0, max=2, help="Quality of service.")]
AsJson = Annotated[bool, _option("--json", help="One object per line on stdout, talk on stderr.")]


def _link(
    *,
    url: Annotated[
        str | None,
        _option(
            "--url",
            "-u",
            metavar="URL",
            help=f"mqtt[s]:// or ws[s]://HOST[:PORT], unix:///PATH; else ${VARIABLE}, else {DEFAULT_URL}.",
        ),
    ] = None,
    client_id: Annotated[str | None, _option(metavar="ID", help="The name the broker knows us by.")] = None,
    username: Annotated[str | None, _option(metavar="NAME", help="Login name.")] = None,
    password_file: Annotated[
        str | None, _option(metavar="FILE", help="Holds the password; read at every attempt.")
    ] = None,
    proxy: Annotated[str | None, _option(metavar="URL", help="A proxy, http:// or socks5://.")] = None,
    version: Annotated[
        str | None, _option(metavar="5|3.1.1", help="MQTT version; else 5, or 3.1.1 where that is refused.")
    ] = None,
    keepalive_s: Annotated[
        float, _option(metavar="S", help="A dead link is noticed within 1.5 times this.")
    ] = 60,
    tls_ca_file: Annotated[str | None, _option(metavar="FILE", help="CA to trust, not the system's.")] = None,
    tls_cert_file: Annotated[str | None, _option(metavar="FILE", help="Our certificate.")] = None,
    tls_key_file: Annotated[str | None, _option(metavar="FILE", help="Its key.")] = None,
    tls_server_name: Annotated[
        str | None, _option(metavar="NAME", help="The name in the broker's certificate.")
    ] = None,
    reconnect_max_attempts: Annotated[
        int | None, _option(metavar="N", help="Give up after so many; else never.")
    ] = None,
) -> LinkOptions:
    """The flags of every command that dials."""
    found = os.environ.get(VARIABLE) if url is None else None
    return LinkOptions(
        url=url or found or DEFAULT_URL,
        from_environment=found is not None,
        client_id=client_id,
        username=username,
        password_file=password_file,
        proxy=proxy,
        version=cast(Literal["5", "3.1.1"] | None, version),  # Client says what is wrong with another one
        keepalive_s=keepalive_s,
        tls_ca_file=tls_ca_file,
        tls_cert_file=tls_cert_file,
        tls_key_file=tls_key_file,
        tls_server_name=tls_server_name,
        reconnect_max_attempts=reconnect_max_attempts,
    )


def _dials(command: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """Give a command the flags of ``_link``, and their value as its ``link``."""
    flags = inspect.signature(_link).parameters
    own = inspect.signature(command)
    named = inspect.Parameter.KEYWORD_ONLY
    parameters = [one.replace(kind=named) for one in own.parameters.values() if one.name != "link"]
    parameters += flags.values()

    @functools.wraps(command)
    def dialling(**given: Any) -> NoReturn:
        link = _link(**{name: given.pop(name) for name in flags})
        command(link=link, **given)

    vars(dialling)["__signature__"] = own.replace(parameters=parameters)
    dialling.__annotations__ = {one.name: one.annotation for one in parameters}
    return dialling


def _end(work: Coroutine[None, None, int], screen: Screen) -> NoReturn:
    sys.exit(run(work, screen))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def holdfast(
    version: Annotated[
        bool, _option("--version", is_eager=True, callback=_print_version, help="Say which release this is.")
    ] = False,
) -> None:
    """MQTT that keeps its promises: publish, listen, and fill a database through any outage.

    Exit codes: 0 done, 1 a message failed, 2 usage, 69 gave up on the broker, 73 database not
    writable, 78 a setting from the environment is wrong.
    """


@app.command()
def demo(
    seconds: Annotated[float, _option(metavar="S", min=10, max=600, help="How long messages are sent.")] = 30,
    seed: Annotated[int | None, _option(metavar="N", help="Replay the same faults.")] = None,
    folder: Annotated[str, _option(metavar="DIR", help="Where the outboxes and the database go.")] = "demo",
    built_in: Annotated[
        bool, _option("--built-in", help="Our own broker even where mosquitto is: kill -9 costs it nothing.")
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
@_dials
def ingest(
    topic: Annotated[
        list[str],
        _option("--topic", "-t", metavar="FILTER", help="{name} captures a level as a column. Repeatable."),
    ],
    into: Annotated[str, _option(metavar="DB", help="A path or sqlite:///FILE.")],
    link: LinkOptions,
    qos: Level = 1,
    batch: Annotated[int, _option(metavar="N", min=1, help="Most rows in one transaction.")] = 500,
    batch_wait_s: Annotated[
        float, _option(metavar="S", min=0, help="How long a message waits for company.")
    ] = 0.01,
    as_json: AsJson = False,
) -> NoReturn:
    """Messages into a database, each acknowledged after its row is committed.

    Runs until Ctrl-C or SIGTERM and prints the ledger. The client id is made once and kept in the
    database, so that the broker keeps what comes while we are away (24 hours).

    \b
    Examples:
      holdfast ingest -u mqtt://localhost -t 'plant/{line}/temp' --into readings.db
      holdfast ingest -t 'plant/#' -t 'site/{room}/co2' --into sqlite:////var/lib/readings.db --qos 2
    """
    screen = Screen(as_json=as_json)
    options = IngestOptions(
        filters=tuple(topic), into=into, qos=cast(QoS, qos), batch=batch, batch_wait_s=batch_wait_s
    )
    _end(run_ingest(link, options, screen), screen)


@app.command()
@_dials
def pub(
    topic: Annotated[str, typer.Argument(metavar="TOPIC")],
    link: LinkOptions,
    payload: Annotated[str, typer.Argument(metavar="PAYLOAD|-", help="- reads it from stdin.")] = "",
    qos: Level = 1,
    retain: Annotated[bool, _option("--retain", "-r", help="Kept for new subscribers.")] = False,
    expiry_s: Annotated[
        float | None, _option(metavar="S", help="Not delivered when older than this.")
    ] = None,
    content_type: Annotated[str | None, _option(metavar="TYPE", help="Content type (MQTT 5).")] = None,
    timeout_s: Annotated[float, _option(metavar="S", min=0, help="Give up after so long.")] = 30,
    as_json: AsJson = False,
) -> NoReturn:
    """One message; exit code 0 means that the broker acknowledged it.

    \b
    Examples:
      holdfast pub -u mqtt://localhost plant/1/temp 21.5
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
        timeout_s=timeout_s,
    )
    _end(run_pub(link, options, screen), screen)


@app.command()
@_dials
def sub(
    filters: Annotated[list[str], typer.Argument(metavar="FILTER...")],
    link: LinkOptions,
    qos: Level = 1,
    share: Annotated[str | None, _option(metavar="GROUP", help="Share the messages with this group.")] = None,
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
