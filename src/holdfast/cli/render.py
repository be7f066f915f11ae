"""What goes to the terminal: results on stdout, talk on stderr, one line that moves on a tty.

With ``--json`` stdout carries one object per line and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import IO, Any, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from holdfast.cli.streams import Talk, offer, say, write


class Screen:
    """Where a command speaks. Only a result can fail: what a command does goes on when nobody listens."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._talk = Talk(offer)
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(file=cast("IO[str]", self._talk), highlight=False, soft_wrap=True)
        self._live: Live | None = None

    @property
    def moves(self) -> bool:
        """Whether a line can be drawn over: a person looks on."""
        return self._err.is_terminal

    def talk(self, sentence: str, style: str = "") -> None:
        """A sentence for a person, on stderr, where it is taken at once: what is done waits for nobody."""
        self.settle()
        self._err.print(Text(sentence, style))

    def fail(self, sentence: str) -> None:
        """The last sentence of a command that did not do what it was asked: it is waited for."""
        self._talk.put = say
        self.talk(sentence, "bold red")

    def result(self, record: Mapping[str, Any], text: str, style: str = "") -> None:
        """One result on stdout: the object with ``--json``, else the text. Raises as ``record``."""
        self.settle()
        if self.as_json:
            self.record(record)
        else:
            with self._out.capture() as drawn:  # rich would end the program where nobody reads it
                self._out.print(Text(text, style))
            write(sys.stdout, drawn.get())

    def record(self, record: Mapping[str, Any]) -> None:
        """One object on stdout. Raises BrokenPipeError, Unwritten."""
        write_lines([to_json(record)])

    def goes(self, record: Mapping[str, Any], text: str) -> None:
        """How it goes: the object on stdout with ``--json``, where it is taken at once; else ``progress``."""
        if self.as_json:
            offer(sys.stdout, f"{to_json(record)}\n")
        else:
            self.progress(text)

    def progress(self, text: str) -> None:
        """The line that moves; where nothing can move it is a line like any other."""
        if not self.moves:
            self.talk(text)
            return
        if self._live is None:
            self._live = Live(console=self._err, transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(Text(text, "cyan"), refresh=True)

    def settle(self) -> None:
        """Take the moving line away."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()


def to_json(record: Mapping[str, Any]) -> str:
    """One object on one line."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def write_lines(lines: list[str]) -> None:
    """To stdout, out when this returns. Raises BrokenPipeError, Unwritten."""
    write(sys.stdout, "".join([f"{line}\n" for line in lines]))


def leave_pipe() -> None:
    """Nobody reads stdout any more: what Python flushes at its end goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
