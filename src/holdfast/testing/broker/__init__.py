"""A broker for tests, on its own thread behind a real socket, or as a process of its own.

``python -m holdfast.testing.broker --help`` starts the process.
"""

from holdfast.testing.broker.facade import Broker

__all__ = ["Broker"]
