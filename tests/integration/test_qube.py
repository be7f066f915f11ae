"""Vital-sign boxes: what they send is accepted, what is broken ends as stated, and the stream goes on."""

from __future__ import annotations

import json

import pytest

from holdfast.testing import eventually
from tests.integration.conftest import MakeClient, on_tcp
from tests.support.qube import OXYGEN, PRESSURE, SIX, SUGAR, TOPIC, WARMTH, Listener


@on_tcp
async def test_the_six_payloads_are_accepted(make: MakeClient) -> None:
    """Five measurements and a heartbeat, each once, the scale's with its keys in another order."""
    client = make()
    listener = Listener(client)
    async with client, make() as box:
        await client.ready(5)
        for payload in SIX:
            await box.publish(TOPIC, payload)
        await eventually(lambda: client.snapshot().handled == 6)
    assert listener.stored == [
        ("0000000000001", "WBP_JUMPER", {"bp_high": 120, "bp_low": 78, "pr": 71}),
        ("0000000000001", "CONTOUR", {"blood_glucose": 97}),
        ("0000000000001", "Oximeter_JUMPER", {"spo2": 97, "pulse": 70}),
        ("0000000000001", "TEMO_Jumper", {"Temp": 36.88}),
        ("0000000000001", "BodyScale_JUMPER", {"weight": 76.3}),
    ]
    assert (listener.heartbeats, listener.warnings, client.dead_letters) == (1, [], ())


def without(payload: str, name: str) -> str:
    return json.dumps({key: value for key, value in json.loads(payload).items() if key != name})


REJECTED: dict[str, tuple[str | bytes, str]] = {
    "invalid JSON": (PRESSURE[:-3], "is not JSON"),
    "invalid UTF-8": (PRESSURE.encode().replace(b"TEST", b"\xff\xfe"), "is not JSON"),
    "no data": (without(PRESSURE, "data"), "missing 1 required positional argument: 'data'"),
    "data of a wrong type": (
        PRESSURE.replace('"data":{', '"data":[{').replace("}}}", "}}]}"),
        "data is no dict",
    ),
    "a number as a string": (PRESSURE.replace(":120", ':"120"'), "bp_high is no number: '120'"),
    "an unknown attribute": (PRESSURE.replace("WBP_JUMPER", "ECG_JUMPER"), "unknown attribute 'ECG_JUMPER'"),
    "no object": ("[1]", "no object"),
    "nothing": (b"", "is not JSON"),
}


@on_tcp
@pytest.mark.parametrize("case", REJECTED)
async def test_what_is_broken_is_a_dead_letter_with_its_reason(make: MakeClient, case: str) -> None:
    """Once, at once, with the payload as it came; the next measurement is stored."""
    payload, reason = REJECTED[case]
    client = make()
    listener = Listener(client)
    async with client, make() as box:
        await client.ready(5)
        for one in (payload, SUGAR):
            await box.publish(TOPIC, one)
        await eventually(lambda: client.snapshot().handled == 2)
    (letter,) = client.dead_letters
    assert reason in letter.reason
    assert letter.payload == (payload.encode() if isinstance(payload, str) else payload)
    assert (client.snapshot().dead, client.snapshot().errors) == (1, 1)
    assert [attribute for _, attribute, _ in listener.stored] == ["CONTOUR"]


@on_tcp
async def test_what_is_odd_is_stored_with_a_warning(make: MakeClient) -> None:
    """No patient, a value out of range, a megabyte around a measurement: handled, and no dead letter."""
    client = make()
    listener = Listener(client)
    async with client, make() as box:
        await client.ready(5)
        await box.publish(TOPIC, PRESSURE.replace("0000000000001", ""))
        await box.publish(TOPIC, OXYGEN.replace('"spo2":97', '"spo2":69'))
        await box.publish(TOPIC, WARMTH.replace('"gender":"1"', '"gender":"' + "x" * (1 << 20) + '"'))
        await eventually(lambda: client.snapshot().handled == 3)
    assert listener.warnings == ["no patient", "spo2 69"]
    assert [(patient, attribute) for patient, attribute, _ in listener.stored] == [
        ("", "WBP_JUMPER"),
        ("0000000000001", "Oximeter_JUMPER"),
        ("0000000000001", "TEMO_Jumper"),
    ]
    assert client.dead_letters == ()


@on_tcp
async def test_a_measurement_that_comes_twice_is_stored_once(make: MakeClient) -> None:
    """A box that is not sure sends it again, in other words; a heartbeat is told each time."""
    client = make()
    listener = Listener(client)
    async with client, make() as box:
        await client.ready(5)
        for payload in (SUGAR, without(SUGAR, "nameTH"), *SIX, SIX[0]):
            await box.publish(TOPIC, payload)
        await eventually(lambda: client.snapshot().handled == 9)
        assert client.snapshot().repeats == 2
    assert [attribute for _, attribute, _ in listener.stored].count("CONTOUR") == 1
    assert listener.heartbeats == 2
