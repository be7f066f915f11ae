"""Replay one seed, or run many: ``python -m holdfast.testing.simulator --seed N [--trace]``."""

from __future__ import annotations

import argparse
import sys

from holdfast.testing.simulator.run import explore


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: every promise was kept; 1: one was broken, and the output says how."""
    parser = argparse.ArgumentParser(prog="python -m holdfast.testing.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--count", type=int, default=1, help="how many seeds from there on (default 1)")
    parser.add_argument(
        "--trace", action="store_true", help="print everything that happened, not only the end"
    )
    parser.add_argument("--paths", action="store_true", help="print which paths were reached how often")
    options = parser.parse_args(arguments)
    broken, paths = explore(range(options.seed, options.seed + options.count), None if options.trace else 30)
    if options.paths:
        sys.stdout.writelines(f"{hits:8d}  {path}\n" for path, hits in sorted(paths.items()))
    if broken is not None:
        sys.stdout.write(f"{broken}\n")
        return 1
    sys.stdout.write(f"{paths['seeds']} seeds, {paths['steps']} steps: every promise was kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
