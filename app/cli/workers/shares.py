"""What each of several workers may take: together, what one process may.

Handed to them by the environment, which the application reads as ever.
"""

import os

from app.cli.ending import Exit, fail, settings_or_exit
from app.config import PREFIX, Settings

_FEWEST_CONNECTIONS = 5  # to the database, of each: jobs and requests at once


def share_out(settings: Settings, count: int, folder: str | None) -> Settings:
    """Return the settings of one of so many workers, or end and say what is wrong.

    Args:
        settings: As the operator made them, for one process.
        count: Workers.
        folder: Where they may put their metrics together, if there is one.
    """
    for reason in _refusals(settings, folder):
        fail(f"--workers {count}: {reason}", Exit.UNUSABLE)
    password, database = settings.password, settings.database
    kept = settings.retention.refused_requests_per_minute
    answered = settings.retention.answered_requests_per_minute
    threads = password.hashing_threads or os.cpu_count() or 1
    shares = {
        "MAX_CONNECTIONS": max(1, settings.max_connections // count),
        "MAX_STREAMS": max(1, settings.max_streams // count),
        "RETENTION__REFUSED_REQUESTS_PER_MINUTE": max(1, kept // count),
        "RETENTION__ANSWERED_REQUESTS_PER_MINUTE": -(-answered // count),
        "PASSWORD__HASHING_THREADS": max(1, threads // count),
        "PASSWORD__HASHING_QUEUE": max(1, password.hashing_queue // count),
        "DATABASE__POOL_SIZE": min(
            database.pool_size, max(_FEWEST_CONNECTIONS, database.pool_size // count)
        ),
        "DATABASE__POOL_OVERFLOW": database.pool_overflow // count,
    }
    for name, share in shares.items():
        _set(name, str(share))
    if settings.metrics.is_on and settings.metrics.directory is None:
        _set("METRICS__DIRECTORY", str(folder))
    return settings_or_exit()


def _refusals(settings: Settings, folder: str | None) -> list[str]:
    """Return what one process keeps in its memory, and others would not know."""
    found = []
    if settings.limits.store == "memory":
        found.append(
            f"{PREFIX}LIMITS__STORE=memory counts attempts in each process alone, so "
            "guessers had as many more; choose auto, sql or valkey"
        )
    if settings.keeps_mails:
        found.append(
            "without a mail server mails stay in the memory of one process; set "
            f"{PREFIX}SMTP__URL, or start one process"
        )
    if settings.metrics.is_on and folder is None and not settings.metrics.directory:
        found.append(
            "no folder can be made for metrics; name one that can in TMPDIR, or "
            f"{PREFIX}METRICS__DIRECTORY"
        )
    return found


def _set(name: str, value: str) -> None:
    """Set a variable, however the operator wrote its name."""
    full = f"{PREFIX}{name}"
    for each in [each for each in os.environ if each.upper() == full]:
        del os.environ[each]
    os.environ[full] = value
