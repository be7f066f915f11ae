"""``python -m holdfast.testing.broker``: the test broker as a process, to be killed."""

from __future__ import annotations

import argparse
import signal
import sys

from holdfast.errors import HoldfastError
from holdfast.testing.broker.facade import Broker


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the first line of stdout is the URL, written when it listens."""
    options = _parser().parse_args(arguments)
    endings = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # before the thread starts, so that it inherits it
    try:
        broker = Broker(port=options.port, strict=options.strict, persist=options.persist, path=options.path)
        broker.start()
    except (HoldfastError, OSError) as error:
        sys.stderr.write(f"the test broker cannot start: {error}\n")
        return 1
    with broker:
        sys.stdout.write(f"{broker.url}\n")
        sys.stdout.flush()
        signal.sigwait(endings)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m holdfast.testing.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--persist", choices=("memory", "fsync"), default="memory")
    parser.add_argument("--path", help="the file that outlives the process; needs --persist fsync")
    parser.add_argument("--strict", action="store_true", help="cut off clients that break any rule")
    return parser


if __name__ == "__main__":
    sys.exit(main())
