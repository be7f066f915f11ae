"""A database's URL: checked without ever being quoted, and named without its password."""

from __future__ import annotations

from holdfast.errors import ConfigurationError

_SCHEMES = ("postgresql", "postgres")


def target(url: str) -> str:
    """The URL without password and parameters: for sentences. Raises ConfigurationError.

    What libpq would read otherwise than it was meant (a password with ``@`` or ``/`` in it) is
    refused here: it would quote the half that it takes for a host.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise ConfigurationError("the URL of a PostgreSQL database begins with postgresql://")
    login, at, place = rest.rpartition("@")
    if set(login) & set("@/?"):
        raise ConfigurationError(
            "the postgresql:// URL has @ / or ? in its user, password or parameters",
            hint="write them as %40, %2F and %3F",
        )
    hosts, slash, database = place.partition("?")[0].partition("/")
    if not all(_has_a_port(host) for host in hosts.split(",")):
        raise ConfigurationError("the port in the postgresql:// URL is no number")
    return f"postgresql://{login.partition(':')[0]}{at}{hosts}{slash}{database}"


def _has_a_port(host: str) -> bool:
    """Or none, which is libpq's own."""
    return host.rpartition("]")[2].partition(":")[2].isdecimal() or ":" not in host.rpartition("]")[2]
