"""The simulated gateways send what real ones send."""

from __future__ import annotations

import json
from itertools import islice
from random import Random

import pytest

from holdfast.cli.demo.readings import GATEWAYS, client_id, readings, serial, serial_of, topic


def some(gateway: int = 1, count: int = 12) -> list[tuple[str, dict[str, object]]]:
    return [
        (name, json.loads(payload))
        for name, payload in islice(readings(gateway, Random("x"), 1_739_360_702), count)
    ]


def test_all_six_kinds_take_turns() -> None:
    """A heartbeat and five measurements, then again."""
    kinds = [
        record["type"] if record["type"] == "HB_Msg" else record["data"]["attribute"]  # type: ignore[index]
        for _, record in some()
    ]
    six = ["HB_Msg", "WBP_JUMPER", "CONTOUR", "Oximeter_JUMPER", "TEMO_Jumper", "BodyScale_JUMPER"]
    assert kinds == six * 2


def test_every_reading_has_its_own_serial() -> None:
    """It names the gateway, rises, and is found again in the payload."""
    serials = [name for name, _ in some(3)]
    assert serials[:2] == [serial(3, 0), serial(3, 1)] == ["3-000000", "3-000001"]
    assert serials == sorted(set(serials))
    assert [record["serial"] for _, record in some(3)] == serials


def test_values_vary_and_the_seed_repeats_them() -> None:
    """Two turns differ, two runs with one seed do not."""
    values = [record["data"] for _, record in some()]
    assert values[1] != values[7]
    assert [record for _, record in some()] == [record for _, record in some()]


def test_gateways_have_topics_of_their_own() -> None:
    """So that the table can be grouped by them."""
    assert len({topic(number) for number in range(1, GATEWAYS + 1)}) == GATEWAYS
    assert topic(3).endswith(f"/{client_id(3)}")


def test_names_stay_readable_on_the_wire() -> None:
    """Thai letters go out as UTF-8, not as escapes: what a subscriber sees is what a box sends."""
    _, payload = list(islice(readings(1, Random("x"), 0), 2))[1]
    assert "ทดสอบ##หนึ่ง".encode() in payload


@pytest.mark.parametrize("payload", [b"", b"21.5", b'"x"', b"{}", b'{"serial":7}', b"\xff", b"[1]"])
def test_a_foreign_payload_has_no_serial(payload: bytes) -> None:
    """Whatever else is on the broker is not judged."""
    assert serial_of(payload) is None
