"""What ended an attempt or a link, in words a person can act on.

A verdict is the cause (a stable word for metrics), a sentence with the place, and a hint: the
next step. Errors of the network have their rows in ``troubles``; codes of the standard have
their names and sentences in ``reasons``, here they only get their cause.
"""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec import V311
from holdfast.errors import AuthenticationFailed
from holdfast.resilience.retry import SLOW
from holdfast.values import Value


class Verdict(Value):
    """Why there is no connection; ``code`` is the reason code of a CONNACK that refused us."""

    __match_args__ = ("cause", "sentence", "hint", "code")
    __slots__ = __match_args__

    def __init__(self, cause: str, sentence: str, hint: str | None = None, code: int | None = None) -> None:
        self.cause = cause
        self.sentence = sentence
        self.hint = hint
        self.code = code

    @property
    def slow(self) -> bool:
        """Whether only a person can mend it, so that the next attempt can wait."""
        return self.cause in SLOW

    def __str__(self) -> str:
        return f"{self.sentence}. {self.hint}" if self.hint else self.sentence


def of_error(error: BaseException | None, place: str) -> Verdict:
    """The verdict for an error of configuration or of any transport; None: closed without one.

    An error that knows its own place, as a proxy's does, is told with that one.
    """
    from holdfast.resilience.troubles import row_of  # with the first trouble: a program may never meet any

    row = row_of(error)
    place = getattr(error, "place", place)
    sentence = row.sentence.format(place=place, words=_words(error), kind=type(error).__name__)
    return Verdict(row.cause, sentence, getattr(error, "hint", None) or row.hint)


def _words(error: BaseException | None) -> str:
    """What the error says, without number and source line."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, str):
        reason = reason.replace("_", " ").lower()
    words = getattr(error, "verify_message", None) or reason or getattr(error, "strerror", None)
    return str(words or error or type(error).__name__).rstrip(".")


NO_BROKER = "Is it an MQTT broker, and does the URL's scheme fit this port: mqtts:// for TLS, ws:// for HTTP?"

_CAUSES = {
    0x84: "version",
    0x85: "client_id",
    0x86: "credentials",
    0x87: "not_authorized",
    0x88: "server_unavailable",
    0x89: "server_busy",
    0x8A: "banned",
    0x8B: "server_shutdown",
    0x8C: "credentials",
    0x8D: "keepalive",
    0x8E: "takeover",
    0x95: "packet_too_large",
    0x97: "quota",
    0x98: "administrative",
    0x9C: "server_moved",
    0x9D: "server_moved",
    0x9F: "rate",
}


# mosquitto, for one, answers a wrong password with 0x87 and never with 0x86.
_LOGIN = {
    0x87: "Are username and password right (or what an authenticator knows), and may this client connect?"
}

# Where the standard's word says what happened, and not what to do.
_HINTS = {
    0x8C: "Does the broker know the method of Client(authentication=...)?",
    0x98: "Ask whoever runs the broker why they closed it; until then we come back slowly.",
    0x9F: "Do many clients dial at once, or does one dial too often? Until that ends we come back slowly.",
}


def _hint(code: int) -> str:
    return _HINTS.get(code) or reasons.sentence(code)


def of_connack(code: int, detail: str, place: str, version: int) -> Verdict:
    """The verdict for a CONNACK that refused us; ``detail`` is the broker's reason string."""
    name, sentence = reasons.name(code), _hint(code)
    old = reasons.RETURN_CODES.get(code) if version == V311 else None
    if old is not None:
        code, name, sentence = old.reason, old.name, old.sentence
    cause, hint = _CAUSES.get(code, "refused_by_broker"), _LOGIN.get(code, sentence)
    return Verdict(cause, f"{place} refused the login: {name}{_said(detail)}", hint, code)


def of_close(by_us: bool, reason: int, detail: str, place: str) -> Verdict:
    """The verdict for a connection that one side ended on purpose."""
    if by_us and reason == 0x8D:
        return Verdict("keepalive", f"{place} fell silent: {detail}", "The link was dead; we dial anew.")
    if by_us and reason == 0x83:
        hint = "The connection stood on our side only; we dial anew."
        return Verdict("half_open", f"{place} fell silent: {detail}", hint)
    if by_us and not reason:
        return Verdict("session_ended", f"we ended the session with {place}: {detail}", "A new one begins.")
    if by_us and reason == 0x80:  # our authenticator will not go on
        return of_error(AuthenticationFailed(detail), place)
    if by_us:
        return Verdict("protocol", f"{place} broke the protocol: {detail}", NO_BROKER)
    name = reasons.name(reason, "DISCONNECT")
    return Verdict(
        _CAUSES.get(reason, "closed_by_broker"),
        f"{place} ended the connection: {name}{_said(detail)}",
        _hint(reason),
    )


def unanswered(place: str) -> Verdict:
    """The verdict for a connection that the other side closed before it said a word."""
    return Verdict("closed", f"{place} closed the connection without an answer", NO_BROKER)


def _said(detail: str) -> str:
    return f" ({detail})" if detail else ""
