"""The deterministic simulator: the session and the outbox file against everything that goes wrong.

One seed is one life: a client process that is killed and restarted, its file, a disk that is slow, full,
broken or without power, clocks that jump, a network that splits, delays, cuts and swallows, and a broker
that restarts, forgets and refuses. Time is virtual, chance is the seed, and after every step the promises
of ``promises`` are checked. A seed that finds something is replayed by
``python -m holdfast.testing.simulator --seed N --trace``.

    schedule ─▶ world ─▶ turns (what goes wrong)         process (the driver) ─▶ session
                  │                                        │ keeper      │ tap: every packet is judged
                  ├─ audit: what holds after every step    │           network ─▶ broker_side ─▶ model
                  │                                        ▼
                  └─ disk: what should be in the file ◀─ medium: the real outbox, on a file in memory
                           recount: what is               │ writer: commits without a thread
                                                          └ faults, images, damage: what a disk does
"""

from holdfast.testing.simulator.paths import MINIMUM, missed
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.run import STEPS, Broken, explore, live

__all__ = ["MINIMUM", "STEPS", "Broken", "Promise", "PromiseBroken", "explore", "live", "missed"]
