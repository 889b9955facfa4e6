"""How long to wait before another worker, after some that died young."""

LIFE = 60.0  # seconds; who lived as long died of something of its own
MOST = 10  # in a row, with nobody serving: then the service ends
LONGEST = 30.0  # seconds between two


class Deaths:
    """Deaths that were not asked for, counted until one worker lives for a while."""

    def __init__(self) -> None:
        """Nobody has died."""
        self.count = 0
        self.next_at = 0.0

    @property
    def is_hopeless(self) -> bool:
        """Tell whether another try is no use, if nobody is left who serves."""
        return self.count >= MOST

    def add(self, now: float, lived: float) -> float:
        """Count one; return the seconds until the next worker is made.

        Args:
            now: Steady seconds.
            lived: Seconds that it was ready for; none if it never was.
        """
        self.count = 1 if lived >= LIFE else self.count + 1
        pause = 0.0 if self.count == 1 else min(2.0 ** (self.count - 3), LONGEST)
        self.next_at = now + pause
        return pause
