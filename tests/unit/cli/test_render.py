"""Results on stdout, talk on stderr."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from holdfast.cli.render import Screen, to_json, write_lines


def test_a_result_is_text_or_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Never both: `--json` decides."""
    Screen().result({"a": 1}, "one a")
    Screen(as_json=True).result({"a": 1}, "one a")
    assert capsys.readouterr().out == 'one a\n{"a":1}\n'


def test_talk_never_reaches_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences, failures and progress go to stderr, so that stdout can be piped."""
    screen = Screen(as_json=True)
    screen.talk("one")
    screen.fail("two")
    screen.progress("three")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "one\ntwo\nthree\n")


def test_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """A topic or path with [brackets] is printed as it is."""
    Screen().talk("[red]x[/red] [MQTT-1.5.4-1]")
    assert capsys.readouterr().err == "[red]x[/red] [MQTT-1.5.4-1]\n"


def test_a_long_sentence_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What is piped into a file or a log is not wrapped at a width nobody has."""
    Screen().talk("word " * 100)
    assert capsys.readouterr().err.count("\n") == 1


def test_an_object_is_one_line() -> None:
    """No spaces, no escapes that are not needed, no line break inside."""
    assert to_json({"nameTH": "ทดสอบ", "text": "a\nb"}) == '{"nameTH":"ทดสอบ","text":"a\\nb"}'


def test_lines_are_flushed(capsys: pytest.CaptureFixture[str]) -> None:
    """When write_lines returns they are out."""
    write_lines([to_json({"n": 1}), to_json({"n": 2})])
    assert [json.loads(line)["n"] for line in capsys.readouterr().out.splitlines()] == [1, 2]


def test_a_closed_pipe_leaves_no_noise() -> None:
    """After leave_pipe the interpreter ends without a word about the pipe."""
    code = (
        "from holdfast.cli.render import leave_pipe, write_lines\n"
        "try:\n    write_lines(['x' * 100_000] * 50)\nexcept BrokenPipeError:\n    leave_pipe()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(10) == 0


def test_a_result_that_nobody_reads_is_not_the_end_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the command decides what it means; rich would end it at once."""
    here, there = os.pipe()
    os.close(here)
    with os.fdopen(there, "w") as stdout, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", stdout)
        for as_json in (False, True):
            with pytest.raises(BrokenPipeError):
                Screen(as_json=as_json).result({"a": 1}, "one a")
            Screen(as_json=as_json).goes({"a": 1}, "one a")


def test_how_it_goes_is_a_line_or_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Objects go to stdout, as what reads them follows it; lines are for a person."""
    Screen().goes({"a": 1}, "one a")
    Screen(as_json=True).goes({"a": 1}, "one a")
    said = capsys.readouterr()
    assert (said.out, said.err) == ('{"a":1}\n', "one a\n")


def test_a_moving_line_is_taken_away() -> None:
    """On a terminal progress is drawn over, and a result never stands behind its rest."""
    screen = Screen()
    screen._err = screen._err.__class__(force_terminal=True, file=(drawn := Capture()), width=80)
    screen.progress("one")
    screen.progress("two")
    screen.settle()
    screen.settle()
    assert screen.moves
    assert "one" in drawn.getvalue()
    assert "two" in drawn.getvalue()
    assert drawn.getvalue().endswith("\x1b[?25h") or "\x1b[2K" in drawn.getvalue()


class Capture(io.StringIO):
    """A terminal that keeps what was drawn."""

    def isatty(self) -> bool:
        return True
