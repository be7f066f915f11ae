"""The demo in words: values in, lines out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from holdfast.cli.demo.judge import Verdict
from holdfast.cli.demo.plan import Fault, Kind
from holdfast.cli.words import count
from holdfast.ingest import IngestLedger
from holdfast.outbox import Ledger
from holdfast.values import fields

_LOOKS: dict[Kind, tuple[str, str]] = {
    "cut": ("✂", "TCP reset"),
    "restart": ("↻", "broker gone for {away_s:.1f} s"),
    "freeze": ("❄", "broker frozen for {away_s:.1f} s"),
    "gateways": ("✗", "killed with -9, restarted"),
    "kill -9": ("✗", "broker gone for {away_s:.1f} s"),
}

STYLES: dict[Kind, str] = {
    "cut": "yellow",
    "restart": "yellow",
    "freeze": "cyan",
    "gateways": "red",
    "kill -9": "red",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """How one fault went: seconds after its beginning, or after the broker could be reached again.

    ``back_s`` None: it was not over when the time was up. ``waited``: how many messages the gateways'
    new process found in the outboxes; None where it was not killed.
    """

    fault: Fault
    noticed_s: float | None
    back_s: float | None
    peak: int
    cause: str | None
    waited: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything the run came to."""

    published: Ledger
    ingested: IngestLedger
    verdict: Verdict
    failure: str | None = None
    """Why the broker refused what ``failed`` counts; the first reason."""

    @property
    def good(self) -> bool:
        """Whether we kept every promise; what the broker forgot does not count."""
        books = self.published
        ended = books.acknowledged + books.sent + books.failed + books.expired + books.dropped
        return self.verdict.ours == 0 and books.accepted == ended and self.ingested.waiting == 0


def stamp(seconds: float) -> str:
    """``00:06``."""
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def entry(seconds: float, name: str, glyph: str, what: str, rest: str = "") -> str:
    """One line of the timeline."""
    return f" {stamp(seconds)}  {name:<9}{glyph} {what:<26}{rest}".rstrip()


def fault_line(recovery: Recovery) -> str:
    """One fault and how it ended."""
    fault = recovery.fault
    glyph, what = _LOOKS[fault.kind]
    back = "not back in time" if recovery.back_s is None else f"back in {recovery.back_s:3.1f} s"
    if recovery.waited is not None:
        went = f"{count(recovery.waited)} waited on disk, {back}"
    elif recovery.noticed_s is None:
        went = f"{'not noticed':<18}{back}"
    else:
        went = f"{f'noticed in {recovery.noticed_s:3.1f} s':<18}{back}"
    cause = f"   cause: {recovery.cause}" if recovery.cause else ""
    rest = f"{went:<35}outbox peak {count(recovery.peak):>5}{cause}"
    return entry(fault.at_s, fault.kind, glyph, what.format(away_s=fault.away_s), rest)


def fault_record(recovery: Recovery) -> dict[str, Any]:
    """The same as an object."""
    rest = asdict(recovery)
    return {"event": "fault", **rest.pop("fault"), **rest}


def books(outcome: Outcome) -> list[str]:
    """The ledgers, each as its equation."""
    verdict = outcome.verdict
    lines = [
        _published(outcome.published),
        f" stored    {count(verdict.stored)}   lost {count(verdict.lost)}"
        f"   stored twice {count(verdict.doubled)}   out of order {count(verdict.unordered)}"
        f"   broker lost {count(verdict.broker_lost)}",
    ]
    if outcome.failure is not None:
        lines.append(f" failed    {outcome.failure}")
    if verdict.broker_lost:
        lines.append(
            f"           the broker had answered for those {count(verdict.broker_lost)} and forgot them"
            " when it was killed; try --built-in"
        )
    if verdict.broker_doubled:
        lines.append(
            f"           the broker sent {count(verdict.broker_doubled)} messages once more as new ones"
        )
    if verdict.wiped:
        lines.append(f"           we asked the broker to forget a session {count(verdict.wiped)} times")
    return lines


def _published(ledger: Ledger) -> str:
    names = ("acknowledged", "sent", "failed", "expired", "dropped", "pending")
    ends = " + ".join(f"{name} {count(getattr(ledger, name))}" for name in names)
    return f" published {count(ledger.accepted)} = {ends}"


def outcome_record(outcome: Outcome, database: str, seed: int) -> dict[str, Any]:
    """The outcome as an object."""
    published = {**fields(outcome.published), "since": outcome.published.since.isoformat()}
    return {
        "event": "ledger",
        "published": published,
        "ingested": asdict(outcome.ingested),
        **asdict(outcome.verdict),
        "failure": outcome.failure,
        "good": outcome.good,
        "database": database,
        "seed": seed,
    }
