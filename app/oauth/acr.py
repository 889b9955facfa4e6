"""OIDC Core §2 (``acr``), RFC 8176, NIST SP 800-63B §2: how strong a sign-in was.

``acr`` is read from ``amr``, so that the two never contradict one another.
"""

from collections.abc import Collection, Iterable

ONE_FACTOR = "aal1"
TWO_FACTORS = "aal2"
LEVELS = (ONE_FACTOR, TWO_FACTORS)  # each is at least as strong as those before it
_MULTI_FACTOR = "mfa"  # RFC 8176 §2


def acr_of(amr: Collection[str]) -> str:
    """Return the level of a sign-in in which this was proven."""
    return TWO_FACTORS if _MULTI_FACTOR in amr else ONE_FACTOR


def meets(acr: str, wanted: object) -> bool:
    """Tell whether a sign-in of one level is good enough where another is wanted.

    A value that is none of ours is met by nothing but itself.
    """
    if acr in LEVELS and wanted in LEVELS:
        return LEVELS.index(acr) >= LEVELS.index(str(wanted))
    return acr == wanted


def meets_any(acr: str, wanted: Iterable[object]) -> bool:
    """Tell whether one of several values is met."""
    return any(meets(acr, each) for each in wanted)
