"""Changes that count only on what the caller has read (``If-Match``)."""

from collections.abc import Collection

from app.core.exceptions import PreconditionFailed


def demand_version(stored: int, accepted: Collection[str] | None) -> None:
    """Refuse a change of something that is another version than the caller named.

    Args:
        stored: The version that there is.
        accepted: The versions that the caller named, or None if they did not care.

    Raises:
        PreconditionFailed: Somebody changed it since.
    """
    if accepted is not None and str(stored) not in accepted:
        raise PreconditionFailed(hint=f"version {stored} is stored")
