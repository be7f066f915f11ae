"""The simulated gateways' readings: the payloads of a vital-sign box, each with its own serial."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

GATEWAYS = 6
TOPIC = "CM4_BLE_GW_TX"

_PATIENT = {
    "citiz": "0000000000001",
    "nameTH": "ทดสอบ##หนึ่ง",
    "nameEN": "Mr.#TEST##ONE",
    "brith": "25220713",
    "gender": "1",
}


def topic(gateway: int) -> str:
    """Where this gateway publishes."""
    return f"{TOPIC}/{client_id(gateway)}"


def client_id(gateway: int) -> str:
    """The name the broker knows this gateway by."""
    return f"gateway-{gateway}"


def serial(gateway: int, number: int) -> str:
    """The name of this gateway's reading with this number, from 0 on."""
    return f"{gateway}-{number:06}"


def readings(gateway: int, chance: Random, started_at: int) -> Iterator[tuple[str, bytes]]:
    """``(serial, payload)`` without end; the kinds take turns, the values vary."""
    number = 0
    while True:
        kind = _KINDS[number % len(_KINDS)]
        name = serial(gateway, number)
        record = {**kind(gateway, chance), "time": started_at + number, "serial": name}
        yield name, json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        number += 1


def serial_of(payload: bytes) -> str | None:
    """The serial in a payload; None when it is none of ours."""
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    name = found.get("serial") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


def _mac(gateway: int) -> str:
    return f"02:00:5e:00:00:{gateway:02x}"


def _heartbeat(gateway: int, chance: Random) -> dict[str, Any]:
    return {
        "from": "PI_GW",
        "to": "CLOUD",
        "name": f"Vital Box TEST#{gateway}",
        "mac": _mac(gateway),
        "IMEI": f"{gateway:015}",
        "ICCID": f"{gateway:019}",
        "type": "HB_Msg",
        "data": {"msg": "Online"},
    }


def _report(gateway: int, attribute: str, device: int, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": "PI",
        "to": "CLOUD",
        "mac": _mac(gateway),
        "type": "reportAttribute",
        **_PATIENT,
        "data": {"attribute": attribute, "ble_mac": f"02:00:5E:00:01:{device:02X}", "value": value},
    }


def _pressure(gateway: int, chance: Random) -> dict[str, Any]:
    value = {
        "bp_high": chance.randint(105, 150),
        "bp_low": chance.randint(60, 95),
        "pr": chance.randint(55, 100),
    }
    return _report(gateway, "WBP_JUMPER", 1, value)


def _glucose(gateway: int, chance: Random) -> dict[str, Any]:
    marker = chance.choice(["Before Meal", "After Meal"])
    return _report(gateway, "CONTOUR", 2, {"blood_glucose": chance.randint(70, 180), "marker": marker})


def _oximeter(gateway: int, chance: Random) -> dict[str, Any]:
    value = {"pulse": chance.randint(55, 100), "spo2": chance.randint(92, 100), "pi": chance.randint(20, 90)}
    return _report(gateway, "Oximeter_JUMPER", 3, value)


def _temperature(gateway: int, chance: Random) -> dict[str, Any]:
    return _report(gateway, "TEMO_Jumper", 4, {"mode": "Head", "Temp": round(chance.uniform(35.9, 38.4), 2)})


def _scale(gateway: int, chance: Random) -> dict[str, Any]:
    value = {"weight": round(chance.uniform(48, 96), 1), "Resistance": round(chance.uniform(450, 700), 1)}
    return _report(gateway, "BodyScale_JUMPER", 5, value)


_KINDS = (_heartbeat, _pressure, _glucose, _oximeter, _temperature, _scale)
