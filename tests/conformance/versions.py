"""In which versions a statement is checked, and what it is called in MQTT 3.1.1."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311

BOTH = pytest.mark.parametrize("version", [V311, V5])
MQTT_5 = pytest.mark.parametrize("version", [V5])

OF_311 = {
    "1.5.4-1": "1.5.3-1",
    "1.5.4-2": "1.5.3-2",
    "2.2.1-3": "2.3.1-2",
    "3.1.0-1": "3.1.0-1",
    "3.1.2-20": "3.1.2-23",
    "3.3.1-4": "3.3.1-4",
    "3.14.4-1": "3.14.4-2",
    **dict.fromkeys(("4.3.2-1", "4.3.2-2", "4.3.2-3"), "4.3.2-1"),
    **dict.fromkeys(("4.3.2-4", "4.3.2-5"), "4.3.2-2"),
    **dict.fromkeys((f"4.3.3-{number}" for number in range(1, 7)), "4.3.3-1"),
    **dict.fromkeys(("4.3.3-8", "4.3.3-10", "4.3.3-11", "4.3.3-12"), "4.3.3-2"),
    **{name: name for name in ("4.4.0-1", "4.6.0-1", "4.6.0-2", "4.6.0-3", "4.6.0-4")},
    "4.13.1-1": "4.8.0-1",
}
"""MQTT 5 → MQTT 3.1.1; what is missing here is no numbered statement of 3.1.1."""
