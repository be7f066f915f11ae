"""Where rows go: a table, its columns, and what makes two rows one. The same for every database.

=====  ==========================  ==============
type   values                      null
=====  ==========================  ==============
text   ``str``                     where not required
int    ``int``, 64 bits signed     "
real   ``float``, ``int``          "
bool   ``bool``                    "
time   ``datetime`` with an offset "
json   ``str``, JSON text          "
blob   ``bytes``                   "
any    ``str`` or ``bytes``        "
=====  ==========================  ==============
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from holdfast.errors import ConfigurationError

ColumnType = Literal["text", "int", "real", "bool", "time", "json", "blob", "any"]
Keep = Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``required``: a row without a value in it does not fit."""

    name: str
    type: ColumnType
    required: bool = False


AS_IT_CAME = (
    Column("received", "time", required=True),
    Column("topic", "text", required=True),
    Column("qos", "int", required=True),
    Column("retain", "bool", required=True),
    Column("payload", "any", required=True),
    Column("properties", "json"),
)
"""A message as it came: what a table without columns of its own has, and every quarantine."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the database gives each row an ``id`` beside ``columns``, rising in the order of arrival.

    ``key``: rows with the same values in these columns are one; ``keep`` says which of them: the
    first that came, or the last. Raises ConfigurationError.
    """

    name: str = "messages"
    columns: Sequence[Column] = AS_IT_CAME
    key: Sequence[str] = ()
    keep: Keep = "first"

    def __post_init__(self) -> None:
        _check_columns(self)
        names = [column.name for column in self.columns]
        for name in self.key:
            if name not in names:
                raise ConfigurationError(
                    f"key of table {self.name!r}: there is no column {name!r}",
                    hint=f"columns are {', '.join(names)}",
                )
        if self.keep not in get_args(Keep):
            raise ConfigurationError(f"keep must be 'first' or 'last', not {self.keep!r}")
        if self.keep == "last" and not self.key:
            raise ConfigurationError(
                f"table {self.name!r} keeps the last row, but of which?", hint="name its columns in key"
            )

    @property
    def quarantine(self) -> str:
        """The table beside it, for messages that do not fit."""
        return f"{self.name}_quarantine"


def _check_columns(table: Table) -> None:
    """Databases do not tell names apart that differ in case only."""
    if not table.name or not table.columns:
        raise ConfigurationError(f"table {table.name!r} has no name, or no columns")
    for name in (table.name, *(column.name for column in table.columns)):
        if not name.isprintable():
            raise ConfigurationError(f"{name!r} is no name for a table or a column")
    seen = {"id"}
    for column in table.columns:
        if column.type not in get_args(ColumnType):
            raise ConfigurationError(
                f"column {column.name!r}: {column.type!r} is no type",
                hint=f"types are {', '.join(get_args(ColumnType))}",
            )
        if not column.name or column.name.lower() in seen:
            raise ConfigurationError(
                f"table {table.name!r} has a column {column.name!r} already",
                hint="every row has an id; names that differ in case only are the same",
            )
        seen.add(column.name.lower())
