"""What a pool passes on: the options of ``Client`` that several connections can share, and of ``publish``."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from holdfast.client.authenticator import Authenticator
from holdfast.client.content import Absent
from holdfast.client.options import Compression, Limits
from holdfast.client.rules import Rule
from holdfast.client.setup import StrPath
from holdfast.messages import Priority, QoS, UserProperties
from holdfast.resilience import Reconnect
from holdfast.transport import TLS


class Options(TypedDict, total=False):
    """Those of ``Client``; a will is not among them, as no connection speaks for all."""

    username: str | None
    password: str | Callable[[], str] | None
    password_file: StrPath | None
    authentication: Callable[[], Authenticator] | None
    tls: TLS | ssl.SSLContext | None
    proxy: str | None
    version: Literal["5", "3.1.1"] | None
    session_expiry_s: float | None
    rules: Sequence[Rule]
    keepalive_s: float
    probe_s: float | Absent | None
    reconnect: Reconnect | Literal["lan", "wan"]
    limits: Limits
    drain_s: float
    isolated: bool | None
    compression: Compression | None


class Sending(TypedDict, total=False):
    """Those of ``publish_nowait``."""

    json: Any
    qos: QoS | None
    retain: bool | None
    expiry_s: float | None
    priority: Priority | None
    content_type: str | None
    user_properties: UserProperties


class Publishing(Sending, total=False):
    """Those of ``publish``."""

    timeout_s: float


class Several(TypedDict, total=False):
    """Those of ``publish_many``."""

    qos: QoS | None
    retain: bool | None
    expiry_s: float | None
    priority: Priority | None
    timeout_s: float
