"""Every legal packet of both versions, for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from holdfast import reasons
from holdfast.codec import (
    V5,
    V311,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from holdfast.codec import packet_types as kinds
from holdfast.codec.properties import PROPERTIES, Property
from holdfast.messages import NO_PROPERTIES

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
topics = texts.map(lambda text: text.replace("+", "").replace("#", "") or "t")
filters = texts.map(lambda text: text or "#")
payloads = st.binary(max_size=200)
packet_ids = st.integers(1, 65_535)
two_bytes = st.integers(0, 65_535)

_HIGHEST = {"read_byte": 255, "read_two": 65_535, "read_four": 2**32 - 1, "read_varint": 268_435_455}


def _value(row: Property) -> st.SearchStrategy[Any]:
    kind = row.wire.read.__name__
    if kind in _HIGHEST:
        highest = _HIGHEST[kind] if row.highest is None else row.highest
        return st.integers(row.lowest, highest)
    if row.name == "response_topic":
        return topics
    return {"read_text": texts, "read_binary": st.binary(max_size=9), "read_pair": st.tuples(texts, texts)}[
        kind
    ]


def _values(row: Property, packet_type: int) -> st.SearchStrategy[Any]:
    if packet_type in row.repeatable:
        return st.lists(_value(row), min_size=1, max_size=3).map(tuple)
    return _value(row)


def properties(packet_type: int) -> st.SearchStrategy[Any]:
    """Any legal properties of a packet type, none included."""
    rows = [row for row in PROPERTIES if packet_type in row.packets]
    some = st.lists(st.sampled_from(rows), max_size=5, unique_by=lambda row: row.id).flatmap(
        lambda chosen: st.fixed_dictionaries({row.name: _values(row, packet_type) for row in chosen})
    )
    return some.filter(lambda props: "authentication_data" not in props or "authentication_method" in props)


def _for(version: Version, packet_type: int) -> st.SearchStrategy[Any]:
    return properties(packet_type) if version == V5 else st.just(NO_PROPERTIES)


def _codes(packet_type: int) -> st.SearchStrategy[int]:
    return st.sampled_from(sorted(reasons.IN_PACKET[kinds.NAMES[packet_type]]))


def _wills(version: Version) -> st.SearchStrategy[Will]:
    qos = st.sampled_from((0, 1, 2))
    return st.builds(Will, topics, payloads, qos, st.booleans(), _for(version, kinds.WILL))


def connects(version: Version) -> st.SearchStrategy[Connect]:
    """CONNECT; in 3.1.1 a password only with a user name."""
    return st.builds(
        Connect,
        client_id=texts,
        clean_start=st.booleans(),
        keepalive=two_bytes,
        username=st.none() | texts,
        password=st.none() | st.binary(max_size=9),
        will=st.none() | _wills(version),
        properties=_for(version, kinds.CONNECT),
        version=st.just(version),
    ).filter(lambda packet: version == V5 or packet.username is not None or packet.password is None)


def connacks(version: Version) -> st.SearchStrategy[Connack]:
    codes = _codes(kinds.CONNACK) if version == V5 else st.integers(0, 5)
    return st.builds(Connack, st.booleans(), codes, _for(version, kinds.CONNACK)).filter(
        lambda packet: not (packet.reason and packet.session_present)
    )


def publishes(version: Version) -> st.SearchStrategy[Publish]:
    def build(qos: Any, packet_id: int, dup: bool, rest: tuple[Any, ...]) -> Publish:
        topic, payload, retain, props = rest
        return Publish(topic, payload, qos, retain, dup and qos > 0, packet_id if qos else 0, props)

    rest = st.tuples(topics, payloads, st.booleans(), _for(version, kinds.PUBLISH))
    return st.builds(build, st.sampled_from((0, 1, 2)), packet_ids, st.booleans(), rest)


def _ack(version: Version, packet_type: int, build: type[Any]) -> st.SearchStrategy[Any]:
    if version == V311:
        return st.builds(build, packet_ids)
    return st.builds(build, packet_ids, _codes(packet_type), _for(version, packet_type))


def _options(version: Version) -> st.SearchStrategy[SubscribeOption]:
    qos = st.sampled_from((0, 1, 2))
    if version == V311:
        return st.builds(SubscribeOption, filters, qos)
    return st.builds(
        SubscribeOption, filters, qos, st.booleans(), st.booleans(), st.sampled_from((0, 1, 2))
    ).filter(lambda option: not (option.no_local and option.filter.startswith("$share/")))


def _subacks(version: Version) -> st.SearchStrategy[Suback]:
    code = _codes(kinds.SUBACK) if version == V5 else st.sampled_from((0, 1, 2, 0x80))
    return st.builds(Suback, packet_ids, st.lists(code, min_size=1, max_size=5), _for(version, kinds.SUBACK))


def _unsubacks(version: Version) -> st.SearchStrategy[Unsuback]:
    codes = st.lists(_codes(kinds.UNSUBACK), min_size=1, max_size=5) if version == V5 else st.just([])
    return st.builds(Unsuback, packet_ids, codes, _for(version, kinds.UNSUBACK))


def _auths() -> st.SearchStrategy[Auth]:
    def build(code: int, props: dict[str, Any]) -> Auth:
        named = "authentication_method" in props or (not code and not props)
        return Auth(code, props if named else {**props, "authentication_method": "m"})

    return st.builds(build, _codes(kinds.AUTH), properties(kinds.AUTH))


def packets(version: Version) -> st.SearchStrategy[Packet]:
    """Any legal packet of the version but CONNECT, which would change it."""
    disconnects = st.just(Disconnect())
    if version == V5:
        disconnects = st.builds(Disconnect, _codes(kinds.DISCONNECT), properties(kinds.DISCONNECT))
    choices: list[st.SearchStrategy[Any]] = [
        connacks(version),
        publishes(version),
        _ack(version, kinds.PUBACK, Puback),
        _ack(version, kinds.PUBREC, Pubrec),
        _ack(version, kinds.PUBREL, Pubrel),
        _ack(version, kinds.PUBCOMP, Pubcomp),
        st.builds(
            Subscribe,
            packet_ids,
            st.lists(_options(version), min_size=1, max_size=4),
            _for(version, kinds.SUBSCRIBE),
        ),
        _subacks(version),
        st.builds(
            Unsubscribe,
            packet_ids,
            st.lists(filters, min_size=1, max_size=4),
            _for(version, kinds.UNSUBSCRIBE),
        ),
        _unsubacks(version),
        st.builds(Pingreq),
        st.builds(Pingresp),
        disconnects,
    ]
    return st.one_of(*choices, _auths()) if version == V5 else st.one_of(*choices)
