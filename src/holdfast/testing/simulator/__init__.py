"""The deterministic simulator: the session of ``holdfast.protocol`` against everything that goes wrong.

One seed is one life: a client process that is killed and restarted, its disk, a network that splits,
delays, cuts and swallows, and a broker that restarts, forgets and refuses. Time is virtual, chance is
the seed, and after every step the promises of ``promises`` are checked. A seed that finds something is
replayed by ``python -m holdfast.testing.simulator --seed N --trace``.

    schedule ─▶ world ─▶ turns (what goes wrong)      disk ◀─ writer ◀─ process (the driver) ─▶ session
                  │                                                        │ tap: every packet is judged
                  └─ audit: what holds after every step                  network ─▶ broker_side ─▶ model
"""

from holdfast.testing.simulator.paths import MINIMUM, missed
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.run import STEPS, Broken, explore, live

__all__ = ["MINIMUM", "STEPS", "Broken", "Promise", "PromiseBroken", "explore", "live", "missed"]
