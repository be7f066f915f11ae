"""A listener for vital-sign boxes as a user would write it: typed, and no measurement is stored twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from holdfast import Client, Message, Reject

TOPIC = "CM4_BLE_GW_TX"

_NAMED = (
    '"citiz":"0000000000001","nameTH":"ทดสอบ##หนึ่ง","nameEN":"Mr.#TEST##ONE","brith":"25220713","gender":"1"'
)
_BOX = '{"from":"PI","to":"CLOUD","mac":"02:00:5e:00:00:02","type":"reportAttribute","time":'


def _report(time: int, attribute: str, ble_mac: str, value: str) -> str:
    data = f'"data":{{"attribute":"{attribute}","ble_mac":"{ble_mac}","value":{value}}}'
    return f"{_BOX}{time},{_NAMED},{data}}}"


HEARTBEAT = (
    '{"from":"PI_GW","to":"CLOUD","name":"Vital Box TEST#1","time":1714788661,"mac":"02:00:5e:00:00:01",'
    '"IMEI":"000000000000001","ICCID":"0000000000000000001","type":"HB_Msg","data":{"msg":"Online"}}'
)
PRESSURE = _report(1739360702, "WBP_JUMPER", "02:00:5E:00:01:01", '{"bp_high":120,"bp_low":78,"pr":71}')
SUGAR = _report(1739360702, "CONTOUR", "02:00:5E:00:01:02", '{"blood_glucose":97,"marker":"After Meal"}')
OXYGEN = _report(1714819151, "Oximeter_JUMPER", "02:00:5E:00:01:03", '{"pulse":70,"spo2":97,"pi":70}')
WARMTH = _report(1739360702, "TEMO_Jumper", "02:00:5E:00:01:04", '{"mode":"Head","Temp":36.88}')
_SCALE = (
    '{"attribute":"BodyScale_JUMPER","ble_mac":"02:00:5E:00:01:05",'
    '"value":{"weight":76.3,"Resistance":598.5}}'
)
WEIGHT = f'{_BOX}1714819151,"data":{_SCALE},{_NAMED}}}'
"""With its keys in another order."""

SIX = (HEARTBEAT, PRESSURE, SUGAR, OXYGEN, WARMTH, WEIGHT)

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "WBP_JUMPER": {"bp_high": (70, 250), "bp_low": (40, 150), "pr": (40, 200)},
    "CONTOUR": {"blood_glucose": (20, 600)},
    "Oximeter_JUMPER": {"spo2": (70, 100), "pulse": (40, 200)},
    "TEMO_Jumper": {"Temp": (30, 45)},
    "BodyScale_JUMPER": {"weight": (10, 300)},
}


class Data(TypedDict, total=False):
    """Of a report; a heartbeat has ``msg`` alone."""

    msg: str
    attribute: str
    ble_mac: str
    value: dict[str, Any]


@dataclass
class Report:
    """One payload; what is missing, or of another type, makes it none."""

    type: str
    mac: str
    time: int
    data: Data
    citiz: str = ""

    def __post_init__(self) -> None:
        for name, kind in (("type", str), ("mac", str), ("time", int), ("data", dict), ("citiz", str)):
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f"{name} is no {kind.__name__}")


def measurement_of(message: Message) -> tuple[Any, ...] | None:
    """What tells one measurement from another; a heartbeat is none."""
    report = Report(**{name: message.json().get(name) for name in ("type", "mac", "time", "data")})
    if "ble_mac" not in report.data:
        return None
    return report.mac, report.data["ble_mac"], report.data.get("attribute"), report.time


class Listener:
    """``stored``: patient, attribute and readings; ``warnings``: what was stored all the same."""

    def __init__(self, client: Client) -> None:
        self.stored: list[tuple[str, str, dict[str, float]]] = []
        self.warnings: list[str] = []
        self.heartbeats = 0
        client.on(TOPIC, dedupe=measurement_of)(self.measured)

    async def measured(self, report: Report) -> None:
        """One message."""
        if report.type == "HB_Msg":
            self.heartbeats += 1
            return
        ranges = RANGES.get(report.data.get("attribute", ""))
        if ranges is None:
            raise Reject(f"unknown attribute {report.data.get('attribute')!r}")
        value = report.data.get("value", {})
        for name in ranges:
            if not isinstance(value.get(name), int | float):
                raise Reject(f"{name} is no number: {value.get(name)!r}")
        self._store(report, {name: value[name] for name in ranges}, ranges)

    def _store(
        self, report: Report, readings: dict[str, float], ranges: dict[str, tuple[float, float]]
    ) -> None:
        self.warnings += [
            f"{name} {readings[name]}"
            for name, (low, high) in ranges.items()
            if not low <= readings[name] <= high
        ]
        if not report.citiz:
            self.warnings.append("no patient")
        self.stored.append((report.citiz, report.data["attribute"], readings))
