"""RSA keys made ahead, for tests that are not about making them.

Each start makes one key per algorithm. Those of RSA cost tens of milliseconds, so a run
makes a few and lends them to one test after another; within a test none comes twice.
Processes of their own make theirs as in production.
"""

from collections.abc import Callable
from threading import Lock

from joserfc.jwk import Key

from app.core import jose

_made: list[Key] = []
_lock = Lock()


def quick_generator() -> Callable[[str], Key]:
    """Return what stands in for ``jose.generate_key`` during one test."""
    generate, lent = jose.generate_key, iter(range(1_000_000))

    def lend(algorithm: str) -> Key:
        if algorithm not in ("RS256", "PS256"):
            return generate(algorithm)
        with _lock:  # keys are generated in threads
            number = next(lent)
            if number == len(_made):
                _made.append(generate(algorithm))
            return _made[number]

    return lend
