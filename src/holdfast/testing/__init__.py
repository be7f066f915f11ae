"""What tests of MQTT programs need: a broker, a bad network, a way to wait, and pytest fixtures.

``Broker`` speaks MQTT 3.1.1 and 5 on its own thread, ``Proxy`` stands between it and a client and
misbehaves on demand, ``eventually`` waits for a condition. The pytest plugin ``holdfast.testing.plugin``
offers them as the fixtures ``mqtt_broker``, ``mqtt_proxy`` and ``mqtt_client``. An ``Examiner`` is the
broker's side of an enhanced authentication: ``Broker(authentication=...)``.
"""

from holdfast.testing.broker import Broker
from holdfast.testing.model import Examiner
from holdfast.testing.proxy import Proxy
from holdfast.testing.waiting import eventually

__all__ = ["Broker", "Examiner", "Proxy", "eventually"]
