"""What runs in this process is told in a child, and only there."""

from __future__ import annotations

import gc
import os

from holdfast.client import forking


class One:
    """Remembers whose copy it is."""

    parent = 0

    def _forked(self, parent: int) -> None:
        self.parent = parent


def in_child(*all_of_them: One) -> bool:
    """Whether each of them is told, in a child, that this process has it; and again in a child of that."""
    child = os.fork()
    if not child:
        told = {one.parent for one in all_of_them} == {os.getppid()}
        grandchild = os.fork()
        if not grandchild:
            os._exit(0 if {one.parent for one in all_of_them} != {os.getppid()} else 1)
        unchanged = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) == 0
        os._exit(0 if told and unchanged else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_copy_learns_whose_it_is() -> None:
    """In the child each one knows the process that has it; in the parent nothing happens."""
    one, other = One(), One()
    forking.watch(one)
    forking.watch(other)
    assert in_child(one, other)
    assert (one.parent, other.parent) == (0, 0)


def test_what_does_not_run_is_not_told() -> None:
    """Stopped before the fork it is the child's as much as ours; one that nobody holds is forgotten."""
    one = One()
    forking.watch(one)
    forking.unwatch(one)
    forking.unwatch(one)
    forking.watch(One())
    gc.collect()
    assert not in_child(one)
