"""How a handler gets its message: every row of the table in ``signature.py``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Annotated, Any, TypedDict
from uuid import UUID

import pytest

from holdfast import Message
from holdfast.errors import PayloadError
from holdfast.handling import bind_all
from holdfast.topics import Pattern


class Line(Enum):
    NORTH = "north"
    SOUTH = "south"


class Floor(IntEnum):
    GROUND = 0
    FIRST = 1


class Lenient(Enum):
    ON = "on"

    @classmethod
    def _missing_(cls, value: object) -> "Lenient | None":
        return cls.ON if str(value).lower() == "on" else None


@dataclass
class Reading:
    value: float
    unit: str = "C"
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.unit not in ("C", "F"):
            raise ValueError(f"unit {self.unit}")


class Box(TypedDict):
    mac: str


class Model:
    """Stands for a pydantic model: what counts is ``model_validate_json``."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    @classmethod
    def model_validate_json(cls, payload: bytes) -> "Model":
        if not payload.startswith(b"{"):
            raise ValueError("not an object")
        return cls(payload)


async def given(
    function: Callable[..., Awaitable[Any]], payload: bytes = b"", topic: str = "plant/north/7"
) -> Any:
    """What the handler returns for a message on ``plant/{line}/{number}``."""
    pattern = Pattern("plant/{line}/{number}")
    (call,) = bind_all(function, [pattern])
    return await call(Message(topic, payload, captures=pattern.captures(topic)))


# -- what a parameter gets -------------------------------------------------------------------


async def test_the_message() -> None:
    """Annotated Message: the message itself, whatever the name, also as often as one likes."""

    async def one(anything: Message) -> Any:
        return anything.topic

    async def two(first: Message, *, second: Message) -> Any:
        return first is second

    assert await given(one) == "plant/north/7"
    assert await given(two) is True


CAPTURED: list[tuple[Any, str, Any]] = [
    (str, "007", "007"),
    (str, "", ""),
    (int, "-7", -7),
    (float, "2.5", 2.5),
    (UUID, "12345678-1234-5678-1234-567812345678", UUID("12345678-1234-5678-1234-567812345678")),
    (Line, "south", Line.SOUTH),
    (Floor, "1", Floor.FIRST),
    (Lenient, "ON", Lenient.ON),
]


@pytest.mark.parametrize(("kind", "level", "value"), CAPTURED)
async def test_a_capture(kind: Any, level: str, value: Any) -> None:
    """Named like a capture: the level, converted to str, int, float, UUID or a member of an Enum."""

    async def handler(number: kind) -> Any:
        return number

    found = await given(handler, topic=f"plant/north/{level}")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "level"),
    [(int, "seven"), (float, ""), (UUID, "7"), (Line, "NORTH"), (Floor, "9"), (Lenient, "off")],
)
async def test_a_capture_that_does_not_fit(kind: Any, level: str) -> None:
    """PayloadError, which is never retried; it names the topic, the capture and the type."""

    async def handler(number: kind) -> Any:
        raise AssertionError("not called")

    with pytest.raises(PayloadError, match=rf"plant/north/{level}: number is no {kind.__name__}"):
        await given(handler, topic=f"plant/north/{level}")


async def test_a_final_capture_is_the_rest() -> None:
    """{name:#} gives all remaining levels in one str."""

    async def handler(rest: str) -> Any:
        return rest

    pattern = Pattern("plant/{rest:#}")
    (call,) = bind_all(handler, [pattern])
    assert await call(Message("plant/a/b", b"", captures=pattern.captures("plant/a/b"))) == "a/b"


async def test_everything_together() -> None:
    """Message, captures and payload in any order and by keyword, each where it belongs."""

    async def handler(number: int, payload: bytes, message: Message, *, line: Line) -> Any:
        return number, payload, message.topic, line

    assert await given(handler, b"x") == (7, b"x", "plant/north/7", Line.NORTH)


async def test_no_parameter_at_all() -> None:
    """A handler that only wants to be told takes nothing."""

    async def handler() -> Any:
        return "told"

    assert await given(handler) == "told"


# -- what the payload becomes ----------------------------------------------------------------


async def payload_as(kind: Any, payload: bytes) -> Any:
    async def positional(body: kind) -> Any:
        return body

    async def by_name(*, body: kind) -> Any:
        return body

    found = await given(positional, payload)
    again = await given(by_name, payload)
    assert type(found) is type(again)
    return found


PAYLOADS: list[tuple[Any, bytes, Any]] = [
    (bytes, b"\xff", b"\xff"),
    (str, "21,5 °C".encode(), "21,5 °C"),
    (dict, b'{"a": 1}', {"a": 1}),
    (dict[str, Any], b'{"a": 1}', {"a": 1}),
    (list, b"[1]", [1]),
    (list[int], b"[1]", [1]),
    (Any, b"null", None),
    (Any, b"21.5", 21.5),
    (Box, b'{"mac": "aa"}', {"mac": "aa"}),
    (Reading, b'{"value": 21.5}', Reading(21.5)),
    (Reading, b'{"value": 21.5, "unit": "F", "battery": 3}', Reading(21.5, "F")),
    (Annotated[bytes, "as it came"], b"x", b"x"),
]


@pytest.mark.parametrize(("kind", "payload", "value"), PAYLOADS)
async def test_the_payload(kind: Any, payload: bytes, value: Any) -> None:
    """The one that remains: decoded to its annotation; a dataclass ignores fields it does not know."""
    assert await payload_as(kind, payload) == value


async def test_a_model_decodes_itself() -> None:
    """What has ``model_validate_json`` gets the bytes."""
    found = await payload_as(Model, b"{}")
    assert isinstance(found, Model)
    assert found.payload == b"{}"


@pytest.mark.parametrize(
    ("kind", "payload", "fact"),
    [
        (str, b"\xff", "is not UTF-8"),
        (dict, b"{", "is not JSON"),
        (dict, b"[1]", "is JSON, but no object"),
        (list, b"{}", "is JSON, but no array"),
        (Any, b"", "is not JSON"),
        (Box, b"7", "is JSON, but no object"),
        (Reading, b"7", "is JSON, but no object"),
        (Reading, b"{}", "is no Reading: "),
        (Reading, b'{"value": 1, "unit": "K"}', "is no Reading: unit K"),
        (Model, b"7", "is no Model: not an object"),
    ],
)
async def test_a_payload_that_does_not_fit(kind: Any, payload: bytes, fact: str) -> None:
    """PayloadError, which is never retried; it names the topic and what was wanted."""
    with pytest.raises(PayloadError) as caught:
        await payload_as(kind, payload)
    assert "plant/north/7" in str(caught.value)
    assert fact in str(caught.value)


async def test_a_pydantic_model() -> None:
    """The real thing, where it is installed: it converts, and what does not fit is a PayloadError."""
    pydantic = pytest.importorskip("pydantic")
    kind = pydantic.create_model("Measured", value=(float, ...))
    assert (await payload_as(kind, b'{"value": "21.5"}')).value == 21.5
    with pytest.raises(PayloadError, match="is no Measured"):
        await payload_as(kind, b'{"value": "warm"}')
