"""Why there is no connection: CONNACK and DISCONNECT of both versions, and what we ended ourselves."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import V5, V311, Version
from holdfast.errors import AuthenticationFailed, ConfigurationError
from holdfast.resilience import Verdict, of_close, of_connack, of_error, unanswered

PLACE = "broker.example:8883"


def test_our_own_errors_keep_their_words() -> None:
    """A file that cannot be used at an attempt: its own sentence and its own hint."""
    verdict = of_error(ConfigurationError("TLS: CA file {x} is gone", hint="bring it back"), PLACE)
    assert verdict == Verdict("configuration", "TLS: CA file {x} is gone", "bring it back")


def test_an_authenticator_that_fails_is_named() -> None:
    """What the application's own step did wrong is neither the configuration's fault nor the network's."""
    verdict = of_error(AuthenticationFailed("our authenticator's start() raised KeyError at x.py:1"), PLACE)
    assert verdict.cause == "authentication"
    assert verdict.sentence.endswith("raised KeyError at x.py:1")


def test_a_verdict_is_a_sentence_and_a_hint() -> None:
    """str() is both, for the log."""
    assert str(Verdict("refused", "x refused", "Is it on?")) == "x refused. Is it on?"
    assert str(Verdict("refused", "x refused")) == "x refused"


# -- CONNACK ---------------------------------------------------------------------------------

CONNACK_CAUSES = {
    0x84: "version",
    0x85: "client_id",
    0x86: "credentials",
    0x87: "not_authorized",
    0x88: "server_unavailable",
    0x89: "server_busy",
    0x8A: "banned",
    0x8C: "credentials",
    0x95: "packet_too_large",
    0x97: "quota",
    0x9C: "server_moved",
    0x9D: "server_moved",
    0x9F: "rate",
}


@pytest.mark.parametrize("code", sorted(reasons.IN_PACKET["CONNACK"] - {0}))
def test_every_refusal_of_mqtt_5(code: int) -> None:
    """MQTT 5 §3.2.2.2: each reason code has a cause, the standard's name, and a next step."""
    verdict = of_connack(code, "", PLACE, V5)
    assert verdict.cause == CONNACK_CAUSES.get(code, "refused_by_broker")
    assert verdict.sentence == f"{PLACE} refused the login: {reasons.name(code)}"
    assert verdict.hint
    assert verdict.code == code


@pytest.mark.parametrize(
    ("code", "cause", "name"),
    [
        (1, "version", "Unacceptable protocol version"),
        (2, "client_id", "Identifier rejected"),
        (3, "server_unavailable", "Server unavailable"),
        (4, "credentials", "Bad user name or password"),
        (5, "not_authorized", "Not authorized"),
    ],
)
def test_every_refusal_of_mqtt_311(code: int, cause: str, name: str) -> None:
    """MQTT 3.1.1 table 3.1: the same causes, under the names of 3.1.1."""
    verdict = of_connack(code, "", PLACE, V311)
    assert (verdict.cause, verdict.sentence) == (cause, f"{PLACE} refused the login: {name}")
    assert verdict.hint
    assert verdict.code == reasons.RETURN_CODES[code].reason


@pytest.mark.parametrize("version", [V311, V5])
def test_an_unknown_refusal(version: Version) -> None:
    """A code the standard does not know is told as a number."""
    verdict = of_connack(0x70, "", PLACE, version)
    assert verdict.cause == "refused_by_broker"
    assert "0x70" in verdict.sentence


def test_not_authorized_asks_for_the_password() -> None:
    """mosquitto answers a wrong password with 0x87: the hint speaks of the password."""
    for code, version in ((0x86, V5), (0x87, V5), (4, V311), (5, V311)):
        assert "password" in str(of_connack(code, "", PLACE, version).hint)


def test_the_brokers_own_words_are_told() -> None:
    """A Reason String (MQTT 5 §3.2.2.3.9) stands behind the name."""
    assert of_connack(0x97, "10 clients", PLACE, V5).sentence.endswith("Quota exceeded (10 clients)")
    assert of_close(False, 0x98, "maintenance", PLACE).sentence.endswith("(maintenance)")


def test_a_port_that_says_nothing() -> None:
    """Closed before any answer: the hint asks for the broker and for the scheme."""
    verdict = unanswered(PLACE)
    assert (verdict.cause, verdict.sentence) == ("closed", f"{PLACE} closed the connection without an answer")
    assert "mqtts://" in str(verdict.hint)


# -- DISCONNECT ------------------------------------------------------------------------------

CLOSE_CAUSES = {
    0x87: "not_authorized",
    0x89: "server_busy",
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


@pytest.mark.parametrize("code", sorted(reasons.IN_PACKET["DISCONNECT"]))
def test_every_disconnect_of_the_broker(code: int) -> None:
    """MQTT 5 §3.14.2.1: each reason code has a cause, the standard's name, and a next step."""
    verdict = of_close(False, code, "", PLACE)
    assert verdict.cause == CLOSE_CAUSES.get(code, "closed_by_broker")
    assert verdict.sentence == f"{PLACE} ended the connection: {reasons.name(code, 'DISCONNECT')}"
    assert verdict.hint


def test_takeover_is_told_as_fact() -> None:
    """Contract 20: 0x8E says that another client uses our client id."""
    assert "client id" in str(of_close(False, 0x8E, "", PLACE).hint)


@pytest.mark.parametrize(
    ("reason", "cause", "sentence"),
    [
        (0x00, "session_ended", f"we ended the session with {PLACE}: nothing for 84 s"),
        (0x8D, "keepalive", f"{PLACE} fell silent: nothing for 84 s"),
        (0x83, "half_open", f"{PLACE} fell silent: nothing for 84 s"),
        (0x80, "authentication", f"no authentication with {PLACE}: nothing for 84 s"),
        (0x81, "protocol", f"{PLACE} broke the protocol: nothing for 84 s"),
        (0x82, "protocol", f"{PLACE} broke the protocol: nothing for 84 s"),
        (0x93, "protocol", f"{PLACE} broke the protocol: nothing for 84 s"),
        (0x95, "protocol", f"{PLACE} broke the protocol: nothing for 84 s"),
    ],
)
def test_what_we_ended_ourselves(reason: int, cause: str, sentence: str) -> None:
    """Silence is the link's trouble, a proof that is none a matter of authentication, the rest the peer's."""
    verdict = of_close(True, reason, "nothing for 84 s", PLACE)
    assert (verdict.cause, verdict.sentence) == (cause, sentence)
    assert verdict.hint
