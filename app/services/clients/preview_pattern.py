"""Patterns of redirect URIs, judged by the list of public suffixes that is here now.

An administrator's pattern is judged when it is written, and once more by each process
that is to go by it: the list grows, and settings change (ADR-0085).
"""

from collections.abc import Collection
from functools import lru_cache

from app.oauth.clients.redirect_pattern import (
    is_below_host,
    pattern_parent,
    why_no_pattern,
)

_MOST = 1_024  # patterns; some hundred bytes each


def pattern_flaw(pattern: str, preview_hosts: Collection[str]) -> str | None:
    """Return why nobody may be sent to what a pattern allows, or None."""
    flaw = why_no_pattern(pattern, preview_hosts)
    if flaw is None and not _is_of_one_owner(pattern, tuple(preview_hosts)):
        flaw = "must not be below a public suffix: others have hosts there"
    return flaw


@lru_cache(_MOST)
def _is_of_one_owner(pattern: str, preview_hosts: tuple[str, ...]) -> bool:
    """Tell whether no public suffix is between a pattern and the operator's name.

    ``s3.amazonaws.com`` is one inside ``amazonaws.com``: its hosts are customers'.
    """
    # Here: some 300 KB that only who has previews needs.
    from publicsuffixlist import PublicSuffixList

    registrable = PublicSuffixList().privatesuffix
    parent = pattern_parent(pattern)
    owned = {registrable(each) for each in preview_hosts if is_below_host(parent, each)}
    return registrable(parent) in owned - {None}
