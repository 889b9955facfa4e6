"""What was asked and answered, and what may never be missing afterwards."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

OK = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    Attributes:
        who: Whose it was.
        what: Method and path.
        begun: When it was sent, in seconds of the steady clock.
        ended: When it was answered, or given up.
        error: What went wrong, in a word or two; `OK` where nothing did.
    """

    who: int
    what: str
    begun: float
    ended: float
    error: str


@dataclass
class Ledger:
    """All requests during one fault.

    Attributes:
        lost: Acknowledged writes that were gone, in words.
        signed_out: Sessions that ended though nobody ended them, in words.
    """

    begun: float
    entries: list[Entry] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)

    def errors(self) -> Counter[str]:
        """Return how many requests went wrong, by kind."""
        return Counter(entry.error for entry in self.entries if entry.error)

    def outage(self) -> float:
        """Return the longest time, in seconds, in which nobody was answered."""
        return self._longest(self.entries)

    def longest_wait(self) -> float:
        """Return the longest time between two answers that one person had."""
        everybody = {entry.who for entry in self.entries}
        return max(
            self._longest(entry for entry in self.entries if entry.who == who)
            for who in everybody
        )

    def settled(self, mended: float) -> float:
        """Return how long after that moment the last error came; 0 if none did."""
        late = [entry.ended - mended for entry in self.entries if entry.error]
        return max([0.0, *late])

    def _longest(self, entries: Iterable[Entry]) -> float:
        good = sorted(entry.ended for entry in entries if not entry.error)
        return max(after - before for before, after in pairwise([self.begun, *good]))
