"""What a supervisor and its workers hear from each other by."""

import os
import select


class Pipes:
    """Two pipes, made before anybody is forked.

    One ends everybody: it is readable once the supervisor has written to it, or is not
    there any more, and nobody ever reads it empty. The other takes lines about workers,
    each short enough to arrive whole.
    """

    def __init__(self) -> None:
        """Open both."""
        self.end, self._ending = os.pipe()
        self.reports, self._reporting = os.pipe()
        for each in (self.reports, self._reporting):
            os.set_blocking(each, False)
        self._rest = b""

    def become_child(self) -> None:
        """Close what is the supervisor's alone: its death would not be noticed."""
        os.close(self._ending)
        os.close(self.reports)

    def end_all(self) -> None:
        """Tell every worker that all of them end."""
        os.write(self._ending, b".")

    def is_ending(self) -> bool:
        """Tell whether all of them end, and not this worker alone."""
        return bool(select.select([self.end], [], [], 0)[0])

    def report(self, word: str, number: float = 0.0) -> None:
        """Tell the supervisor something of this process; nobody listens to the dead."""
        while not self._wrote(word, number):
            select.select([], [self._reporting], [])

    def beat(self) -> None:
        """Tell it that this process lives, unless it has not listened for hours."""
        self._wrote("alive", 0.0)

    def _wrote(self, word: str, number: float) -> bool:
        """Tell whether there was room; a line is written whole or not at all."""
        try:
            os.write(self._reporting, f"{word} {os.getpid()} {number}\n".encode())
        except BlockingIOError:
            return False
        except BrokenPipeError:
            pass
        return True

    def heard(self) -> list[tuple[str, int, float]]:
        """Return what was reported since: the word, whose it is, and its number."""
        try:
            while piece := os.read(self.reports, 65_536):
                self._rest += piece
        except BlockingIOError:
            pass
        *lines, self._rest = self._rest.split(b"\n")
        words = (line.decode().split() for line in lines)
        return [(word, int(pid), float(number)) for word, pid, number in words]
