"""Messages become rows, or stand beside them with a reason."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.cli.demo.readings import readings
from holdfast.errors import ConfigurationError
from holdfast.ingest.errors import Misfit
from holdfast.ingest.mapper import Columns, mapper
from holdfast.ingest.row import as_it_came
from holdfast.ingest.table import AS_IT_CAME, Column
from holdfast.messages import Message

TOPIC = "CM4_BLE_GW_TX"
VITALS = {
    "gateway": "$.mac text required",
    "device": "$.data.ble_mac text required",
    "attribute": "$.data.attribute text required",
    "at": "$.time unixtime required",
    "patient": "$.citiz text required",
    "high": "$.data.value.bp_high int",
    "glucose": "$.data.value.blood_glucose real",
    "value": "$.data.value json required",
    "raw": "@payload blob",
}


def vitals() -> Columns:
    made = mapper(TOPIC, columns=VITALS, key=("gateway", "device", "attribute", "at"))
    assert isinstance(made, Columns)
    return made


def box(value: Any = None, **changes: Any) -> bytes:
    """A reading of a vital-sign box."""
    data = {"attribute": "WBP_JUMPER", "ble_mac": "02:00:5E:00:01:01", "value": value or {"bp_high": 120}}
    fields = {"mac": "02:00:5e:00:00:02", "citiz": "0000000000001", "time": 1_739_360_702, "data": data}
    return json.dumps({**fields, **changes}, ensure_ascii=False).encode()


def row(payload: bytes) -> dict[str, Any]:
    made = vitals()
    return dict(zip(VITALS, made.row(Message(TOPIC, payload)), strict=True))


def test_without_columns_messages_are_stored_as_they_came() -> None:
    """And each capture has a column; one of the key is required."""
    made = mapper(["plant/{line}/temp", "site/{room}"], table="raw", key=["line"])
    assert made.filters == ("plant/{line}/temp", "site/{room}")
    assert made.table.name == "raw"
    assert tuple(made.table.columns) == (
        *AS_IT_CAME,
        Column("line", "text", required=True),
        Column("room", "text"),
    )
    message = Message("plant/7/temp", b"21.5", captures={"line": "7"})
    assert made.row(message) == (*as_it_came(message), "7", None)
    with pytest.raises(Misfit, match=r"line: {line} is missing"):
        made.row(Message("site/7", b"21.5", captures={"room": "7"}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("plant/{line}/temp", "plant/#"),
        ("{site}/1/temp", "plant/{line}/temp"),
        ("a/{x}", "a/{y}"),
        ("a", "a"),
    ],
)
@pytest.mark.parametrize("columns", [None, {"raw": "@payload blob"}])
def test_filters_of_one_ingest_do_not_overlap(one: str, other: str, columns: dict[str, str] | None) -> None:
    """A message of both may come once for each, and would be two rows."""
    with pytest.raises(ConfigurationError) as caught:
        mapper(["x", one, "x/y/z/#", other], columns=columns)
    assert f"topic filters {one!r} and {other!r} overlap" in str(caught.value)
    assert "the wider one" in (caught.value.hint or "")
    assert "two ingests" in (caught.value.hint or "")


def test_columns_are_in_the_order_they_are_written() -> None:
    """The table has these and no others; those of the key are required."""
    table = vitals().table
    assert [column.name for column in table.columns] == list(VITALS)
    assert (table.name, table.key, table.keep) == (
        "messages",
        ("gateway", "device", "attribute", "at"),
        "first",
    )
    assert not table.columns[5].required


def test_the_six_payloads_fit() -> None:
    """Each reading of a vital-sign box is a row; its heartbeat has no reading, and none."""
    made, fits = vitals(), 0
    for _, payload in islice(readings(1, Random("six"), 1_739_360_702), 6):
        message = Message(TOPIC, payload)
        if json.loads(payload)["type"] == "HB_Msg":
            with pytest.raises(Misfit, match=r"\$\.data\.ble_mac is missing"):
                made.row(message)
        else:
            assert len(made.row(message)) == len(VITALS)
            fits += 1
    assert fits >= 5


def test_a_reading_becomes_its_values() -> None:
    """Text, times and numbers in their types, names in Thai as they are, the payload whole."""
    payload = box({"bp_high": 120, "name": "ทดสอบ"})
    made = row(payload)
    assert (made["high"], made["glucose"], made["patient"]) == (120, None, "0000000000001")
    assert made["at"] == datetime(2025, 2, 12, 11, 45, 2, tzinfo=UTC)
    assert (made["value"], made["raw"]) == ('{"bp_high":120,"name":"ทดสอบ"}', payload)


def test_numbers_as_text_fit() -> None:
    """``bp_high`` as a string is a number all the same, as a word it is none."""
    assert row(box({"bp_high": "120"}))["high"] == 120
    with pytest.raises(Misfit, match=r"high: .*'hoch' is no int"):
        row(box({"bp_high": "hoch"}))


def test_an_unknown_attribute_fits() -> None:
    """What no column asks for is left alone, and an empty text is a text."""
    assert row(box({"odd": 1}))["high"] is None
    assert row(box(citiz=""))["patient"] == ""


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b'{"type": ', "not JSON"),
        (b"\xff{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 5000, "not JSON"),
        (b"null", "gateway: $.mac is missing"),
        (b'{"mac": "02:00:5e:00:00:02"}', "device: $.data.ble_mac is missing"),
        (box(data=None), "device: $.data.ble_mac is missing"),
        (box(citiz=None), "patient: $.citiz is missing"),
        (box(time=1_739_360_702_000), "not in the years 1 to 9999"),
        (box(time=float("nan")), "at: $.time"),
        (box({"bp_high": True}), "high: $.data.value.bp_high: a bool is no int"),
        (box({"bp_high": 1 << 64}), "does not fit in 64 bits"),
        (box({"blood_glucose": float("inf")}), "inf is no real"),
        (box({"x": float("nan")}), "value: $.data.value: an object is no json"),
        (box(citiz="\ud800".encode(errors="surrogatepass").decode(errors="replace") + "\0"), "holds NUL"),
        (box("x" * 1_000_000, time=None), "at: $.time is missing"),
    ],
)
def test_the_nasty_cases_have_a_reason(payload: bytes, reason: str) -> None:
    """Each is a misfit with a sentence, and no other error."""
    with pytest.raises(Misfit) as caught:
        row(payload)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_megabyte_fits() -> None:
    """Size alone is no reason."""
    assert len(row(box("x" * 1_000_000))["value"]) == 1_000_002


@given(st.binary())
def test_any_payload_fits_or_has_a_reason(payload: bytes) -> None:
    """Nothing that comes from outside can end the stream."""
    with contextlib.suppress(Misfit):
        assert len(row(payload)) == len(VITALS)


def test_a_payload_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many columns look into it; and not at all where none does."""
    reads: list[Message] = []
    decode = Message.json

    def counted(message: Message) -> Any:
        reads.append(message)
        return decode(message)

    monkeypatch.setattr(Message, "json", counted)
    vitals().row(Message(TOPIC, box()))
    assert len(reads) == 1
    mapper("a", columns={"topic": "@topic text", "raw": "@payload blob"}).row(Message("a", b"no json"))
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"topic": []}, "without a topic filter"),
        ({"topic": "a/#/b"}, "'#'"),
        ({"topic": "a/{topic}"}, "column 'topic'"),
        ({"columns": {}}, "no columns"),
        ({"columns": {"id": "$ json"}}, "column 'id' already"),
        ({"columns": {"a": "$ json", "A": "$ json"}}, "column 'A' already"),
        ({"columns": {"": "$ json"}}, "column ''"),
        ({"columns": {"a\0": "$ json"}}, "is no name"),
        ({"columns": {"line": "{line} text"}}, "no such capture"),
        ({"columns": {"a": "$ json"}, "key": ["b"]}, "no column 'b'"),
        ({"key": "topic"}, "key is a list"),
        ({"keep": "all"}, "keep must be"),
        ({"keep": "last"}, "but of which"),
        ({"table": ""}, "has no name"),
    ],
)
def test_what_makes_no_table_is_refused(wrong: dict[str, Any], said: str) -> None:
    """In one sentence, before anything is opened."""
    with pytest.raises(ConfigurationError, match=said):
        mapper(**{"topic": "a", **wrong})
