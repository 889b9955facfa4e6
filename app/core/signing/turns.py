"""Who may be at a PKCS#11 library: many that sign, or one that changes something.

Also begun for threads (`app/core/signing/library.py`), SoftHSM 2.6.1 now and then
refuses a pair that is made beside another or a signature, or finds nonsense in it
(``TemplateInconsistent``, ``AttributeValueInvalid``). Keys are made a few times a year.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """Lends a library to many, or to one alone."""

    def __init__(self) -> None:
        """Nobody is at it."""
        self._state = Condition()
        self._many = 0
        self._waits_alone = False

    @contextmanager
    def with_others(self) -> Iterator[None]:
        """Wait while somebody is at it alone, or is about to be."""
        with self._state:
            self._state.wait_for(lambda: not self._waits_alone)
            self._many += 1
        try:
            yield
        finally:
            with self._state:
                self._many -= 1
                self._state.notify_all()

    @contextmanager
    def alone(self, patience: float) -> Iterator[None]:
        """Wait until nobody else is at it; nobody comes meanwhile.

        Args:
            patience: Seconds that calls under way may take, so that one that hangs
                does not keep everybody out.

        Raises:
            TimeoutError: They took longer.
        """
        with self._state:
            self._state.wait_for(lambda: not self._waits_alone)
            self._waits_alone = True
            if not self._state.wait_for(lambda: not self._many, patience):
                self._leave()
                raise TimeoutError
        try:
            yield
        finally:
            with self._state:
                self._leave()

    def _leave(self) -> None:
        self._waits_alone = False
        self._state.notify_all()
