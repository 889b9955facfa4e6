"""Which refresh tokens that come again are answered again (ADR-0020)."""

from datetime import datetime, timedelta


def is_repeatable(
    presented: int,
    current: int,
    *,
    counted_at: datetime,
    now: datetime,
    window: timedelta,
) -> bool:
    """Tell whether a spent token gets its successor once more.

    Args:
        presented: The count of the token.
        current: Where the session or grant stands: the count that was not used yet.
        counted_at: When it came to stand there.
        now: The present instant.
        window: How long after that a straggler is still no reuse; nothing at zero.
    """
    if current == presented + 1:
        return True  # nobody used the successor: its answer may have been lost
    # The successor was used while this one was under way, as after a retry.
    is_straggler = current == presented + 2 and window > timedelta(0)
    return is_straggler and now - counted_at <= window
