"""One row of the tables of errors: which error it is, and what it is called, said and hinted at."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """``kind``: the name of the error's class or of a base; ``marks``: its number, reason or status.

    No marks: any. Names instead of classes: this floor decides about sockets and TLS without loading them.
    """

    kind: str
    marks: frozenset[int | str]
    cause: str
    sentence: str
    hint: str | None


def row(kind: str, marks: set[int | str], cause: str, sentence: str, hint: str | None) -> Row:
    return Row(kind, frozenset(marks), cause, sentence, hint)
