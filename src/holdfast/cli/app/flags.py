"""Flags that several commands have."""

# No `from __future__ import annotations` here: typer reads the annotations of these functions.

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from holdfast.cli.link import LinkOptions
from holdfast.cli.render import Screen
from holdfast.cli.running import run_plain

option = typer.Option

Level = Annotated[int, option("--qos", "-q", min=0, max=2, help="Quality of service.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="The outbox.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="As list shows it.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="ID...", help="As list shows them.")]
Everything = Annotated[bool, option("--all", help="All there are.")]
Limit = Annotated[int, option("--limit", min=1, metavar="N", help="Show so many at most.")]
To = Annotated[str | None, option("--to", metavar="PATH", help="Into this new file, not to stdout.")]
Patience = Annotated[float, option("--timeout-s", min=0, metavar="S", help="Wait for the owner so long.")]
AsJson = Annotated[bool, option("--json", help="One object per line on stdout, talk on stderr.")]


def group(name: str, help: str) -> typer.Typer:
    """Commands under one name."""
    return typer.Typer(
        name=name,
        help=help,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def end(work: Callable[[Screen], int], as_json: bool) -> NoReturn:
    """Do it, and end with its exit code."""
    screen = Screen(as_json=as_json)
    sys.exit(run_plain(lambda: work(screen), screen))


def link_options(
    *,
    url: Annotated[
        str | None,
        option(
            "--url",
            "-u",
            metavar="URL",
            help="mqtt[s]:// or ws[s]://HOST[:PORT], unix:///PATH; else $HOLDFAST_URL, else mqtt://localhost.",
        ),
    ] = None,
    client_id: Annotated[str | None, option(metavar="ID", help="The name the broker knows us by.")] = None,
    username: Annotated[str | None, option(metavar="NAME", help="Login name.")] = None,
    password_file: Annotated[
        str | None, option(metavar="FILE", help="Holds the password; read at every attempt.")
    ] = None,
    proxy: Annotated[str | None, option(metavar="URL", help="A proxy, http:// or socks5://.")] = None,
    version: Annotated[
        str | None, option(metavar="5|3.1.1", help="MQTT version; else 5, or 3.1.1 where that is refused.")
    ] = None,
    keepalive_s: Annotated[
        float | None, option(metavar="S", help="A dead link is noticed within 1.5 times this; 60.")
    ] = None,
    tls_ca_file: Annotated[str | None, option(metavar="FILE", help="CA to trust, not the system's.")] = None,
    tls_cert_file: Annotated[str | None, option(metavar="FILE", help="Our certificate.")] = None,
    tls_key_file: Annotated[str | None, option(metavar="FILE", help="Its key.")] = None,
    tls_server_name: Annotated[
        str | None, option(metavar="NAME", help="The name in the broker's certificate.")
    ] = None,
    reconnect_max_attempts: Annotated[
        int | None, option(metavar="N", help="Give up after so many; else never.")
    ] = None,
) -> LinkOptions:
    """The flags of every command that dials."""
    return LinkOptions(
        url=url,
        client_id=client_id,
        username=username,
        password_file=password_file,
        proxy=proxy,
        version=version,
        keepalive_s=keepalive_s,
        tls_ca_file=tls_ca_file,
        tls_cert_file=tls_cert_file,
        tls_key_file=tls_key_file,
        tls_server_name=tls_server_name,
        reconnect_max_attempts=reconnect_max_attempts,
    )


def dials(command: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """Give a command the flags of ``link_options``, and their value as its ``link``."""
    flags = inspect.signature(link_options).parameters
    own = inspect.signature(command)
    named = inspect.Parameter.KEYWORD_ONLY
    parameters = [one.replace(kind=named) for one in own.parameters.values() if one.name != "link"]
    parameters += flags.values()

    @functools.wraps(command)
    def dialling(**given: Any) -> NoReturn:
        link = link_options(**{name: given.pop(name) for name in flags})
        command(link=link, **given)

    vars(dialling)["__signature__"] = own.replace(parameters=parameters)
    dialling.__annotations__ = {one.name: one.annotation for one in parameters}
    return dialling
