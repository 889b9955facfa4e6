"""What this process takes of its machine, as far as the machine tells."""

import os
from dataclasses import dataclass

_SELF = "/proc/self"


@dataclass(frozen=True, slots=True)
class Taken:
    """What the process takes.

    Attributes:
        cpu: Seconds, of the user and the system.
        memory: Bytes that are really there; None where only Linux would tell.
        descriptors: Open files and connections, likewise.
    """

    cpu: float
    memory: int | None
    descriptors: int | None


def taken() -> Taken:
    """Look."""
    times = os.times()
    try:
        with open(f"{_SELF}/statm", "rb") as file:
            memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        descriptors = len(os.listdir(f"{_SELF}/fd"))
    except OSError:
        return Taken(times.user + times.system, None, None)
    return Taken(times.user + times.system, memory, descriptors)
