"""Replay one seed, or run many: ``python -m holdfast.testing.simulator --seed N [--trace]``."""

from __future__ import annotations

import argparse
import sys

from holdfast.testing.simulator.run import explore, live


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: every promise was kept; 1: one was broken, and the output says how."""
    parser = argparse.ArgumentParser(prog="python -m holdfast.testing.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--count", type=int, default=1, help="how many seeds from there on (default 1)")
    parser.add_argument("--trace", action="store_true", help="of one seed, print everything that happened")
    parser.add_argument("--paths", action="store_true", help="print which paths were reached how often")
    options = parser.parse_args(arguments)
    if options.trace:
        return _replay(options.seed)
    return _explore(range(options.seed, options.seed + options.count), options.paths)


def _replay(seed: int) -> int:
    broken, world = live(seed, keep=None)
    if broken is not None:
        sys.stdout.write(f"{broken}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in world.trace.lines())
    sys.stdout.write(f"seed {seed}, {world.trace.step} steps: every promise was kept\n")
    return 0


def _explore(seeds: range, with_paths: bool) -> int:
    broken, paths = explore(seeds)
    if with_paths:
        sys.stdout.writelines(f"{hits:8d}  {path}\n" for path, hits in sorted(paths.items()))
    if broken is not None:
        sys.stdout.write(f"{broken}\n")
        return 1
    sys.stdout.write(f"{paths['seeds']} seeds, {paths['steps']} steps: every promise was kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
