"""Who was not heard for too long: hung, neither busy for seconds nor frozen with us.

A worker whose event loop turns says so every few seconds. One that is stopped, or whose
loop never turns again, has accepted connections that nobody else can answer.
"""

SILENCE = 30.0  # seconds after which a worker is taken for hung
BEAT = 5.0  # seconds from one word of a worker to the next
LATE = 2.0  # seconds that the supervisor oversleeps at most while it is not frozen


class Heartbeats:
    """When each worker has to be heard again, in steady seconds."""

    def __init__(self) -> None:
        """Nobody is waited for."""
        self._due: dict[int, float] = {}

    def heard(self, pid: int, now: float, patience: float | None = None) -> None:
        """Note that a process lives.

        Args:
            pid: The process.
            now: Steady seconds.
            patience: Seconds in which it need not be heard; unset: the usual.
        """
        self._due[pid] = now + (SILENCE if patience is None else patience)

    def forget(self, pid: int) -> None:
        """Wait no more for one that is gone."""
        self._due.pop(pid, None)

    def spare(self, now: float) -> None:
        """Give everybody time: whoever listens stood still, and perhaps all did."""
        for pid, due in self._due.items():
            self._due[pid] = max(due, now + SILENCE)

    def silent(self, now: float) -> list[int]:
        """Return who is taken for hung, each once."""
        found = [pid for pid, due in self._due.items() if due <= now]
        for pid in found:
            self.forget(pid)
        return found
