"""One class's line: accept order, whatever comes back, ends in the middle or is looked for."""

from __future__ import annotations

from random import Random

from holdfast.messages import NORMAL, Outgoing, QoS
from holdfast.outbox.line import SPARSE, Line


def row(seq: int, qos: QoS = 1) -> Outgoing:
    return Outgoing(seq, "t", b"", qos)


def line_of(*seqs: int) -> Line:
    line = Line(NORMAL)
    line.rows.extend(map(row, seqs))
    return line


def drain(line: Line) -> list[int]:
    return [line.pop().seq for _ in range(len(line))]


def test_a_row_is_found_wherever_it_stands() -> None:
    """At both ends, in the middle, and not between two that are there."""
    seqs = range(3, 900, 3)
    line = line_of(*seqs)
    found = [line.find(seq) for seq in range(905)]
    assert [one.seq for one in found if one is not None] == list(seqs)
    assert line_of().find(1) is None


def test_a_row_that_ended_in_the_middle_is_gone() -> None:
    """It is not found, not counted, not at the head and not taken; and it ends once."""
    line = line_of(1, 2, 3, 4)
    pulled = [line.pull(seq) for seq in (3, 1, 3, 9)]
    assert [one and one.seq for one in pulled] == [3, 1, None, None]
    assert (len(line), line.plain, line.find(3)) == (2, False, None)
    head = line.head()
    assert head is not None
    assert head.seq == 2
    assert drain(line) == [2, 4]
    assert (line.head(), line.plain) == (None, True)


def test_a_line_without_rows_has_no_head() -> None:
    """Also when all ended within it."""
    line = line_of(1, 2)
    for seq in (2, 1):
        line.pull(seq)
    assert (len(line), line.head(), line.next(5)) == (0, None, None)


def test_a_sparse_line_is_written_anew() -> None:
    """Once the most of it has ended; what is left is found and taken as before."""
    count = 2 * SPARSE + 2
    line = line_of(*range(1, count + 1))
    for seq in range(2, SPARSE + 2):
        line.pull(seq)
    assert len(line.rows) == count
    for seq in (SPARSE + 2, SPARSE + 3):
        line.pull(seq)
    assert (len(line.rows), line.gone) == (count - SPARSE - 2, set())
    assert line.find(count) is not None
    assert drain(line) == [1, *range(SPARSE + 4, count + 1)]


def test_what_comes_back_goes_first_in_accept_order() -> None:
    """Before all that was never taken, whenever it came."""
    line = line_of(1, 2, 3, 4, 5, 6)
    taken = {seq: line.pop() for seq in (1, 2, 3, 4)}
    line.come_back([taken[4], taken[2]])
    line.come_back([taken[3]])
    assert len(line) == 5
    assert line.pull(3) is taken[3]
    assert line.find(2) is taken[2]
    assert drain(line) == [2, 4, 5, 6]


def test_of_a_held_line_only_what_came_back_may_go() -> None:
    """The head is there all the same."""
    line = line_of(1, 2)
    first = line.pop()
    line.held = True
    assert line.next(5) is None
    line.come_back([first])
    assert line.next(5) is first
    assert line.pop() is first
    assert line.next(5) is None
    assert line.head() is not None


def test_without_room_only_qos_0_may_go() -> None:
    """It needs no packet identifier, but passes no other row either."""
    line = Line(NORMAL)
    line.rows.extend([row(1, 0), row(2, 1), row(3, 0)])
    first = line.next(0)
    assert first is not None
    assert line.pop() is first
    assert line.next(0) is None
    assert line.next(1) is line.head()


def test_a_line_is_a_sorted_list() -> None:
    """Whatever happens to it: compared with one, over some thousand steps."""
    random = Random(8)
    line, model, out = Line(NORMAL), list[int](), list[Outgoing]()
    last = 0
    for _ in range(6000):
        step = random.choice(("come", "come", "pop", "pull", "back"))
        if step == "come":
            last += random.randint(1, 3)
            line.rows.append(row(last))
            model.append(last)
        elif step == "pop" and model:
            out.append(line.pop())
            assert out[-1].seq == model.pop(0)
        elif step == "pull":
            seq = random.randint(1, last + 1)
            assert (line.pull(seq) is not None) == (seq in model)
            model = [one for one in model if one != seq]
        elif step == "back" and out:
            some = [out.pop(random.randrange(len(out)))]
            line.come_back(some)
            behind = [one.seq for one in line.back]
            model = behind + [one for one in model if one not in behind]
        head = line.head()
        assert (len(line), head and head.seq) == (len(model), model[0] if model else None)
    assert drain(line) == model
