"""Conditions on the claims of somebody else's token: which of its subjects are meant.

A condition names one claim, and the value or pattern that it has to have. A claim is a
member of the token, or, with a slash in front, a JSON Pointer into it (RFC 6901):
``/kubernetes.io/namespace``. Only texts, whole numbers and truth values are compared;
whatever else stands there fulfils nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 1_024  # of a claim that is compared
# A claim that every token of the issuer has alike, or that is judged anyway, says
# nothing about whose token it is.
NO_CONDITION = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_WILDCARD = re.compile(r"(\*\*|\*)")
_SEPARATORS = "/:"
_ESCAPE = re.compile(r"~(?![01])")
Value = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A claim, and what it has to be: exactly one of the two.

    Attributes:
        claim: A name, or a JSON Pointer.
        equals: The value, of the same JSON type.
        glob: A pattern of the whole text: ``*`` is any run of characters without ``/``
            and ``:``, ``**`` any run.
    """

    claim: str
    equals: Value | None = None
    glob: str | None = None

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the claims of a token fulfil it."""
        value = _at(claims, self.claim)
        if self.glob is not None:
            return isinstance(value, str) and matches(self.glob, value)
        return type(value) is type(self.equals) and value == self.equals

    @property
    def fixed(self) -> str:
        """What the claim has to begin with, in every character."""
        if self.glob is None:
            return str(self.equals)
        return self.glob.partition("*")[0]

    def why_not(self) -> str | None:
        """Return why nobody can be told apart by it, or None."""
        if self.claim in NO_CONDITION:
            return "is judged anyway and tells nobody apart"
        if self.claim.startswith("/") and _ESCAPE.search(self.claim):
            return "must be a name or a JSON Pointer (RFC 6901)"
        if (self.equals is None) == (self.glob is None):
            return "needs exactly one of equals and glob"
        if self.glob is not None and not _WILDCARD.sub("", self.glob).strip("/:"):
            return "has a pattern that everything fits"
        return None


def matches(glob: str, value: str) -> bool:
    """Tell whether a pattern fits a whole text.

    By the places that it can have come to, and not by a regular expression: no pattern
    and no token of a stranger makes it slow.
    """
    if len(value) > MAX_LENGTH:
        return False
    reached = {0}
    for part in filter(None, _WILDCARD.split(glob)):
        reached = _step(part, value, reached)
        if not reached:
            return False
    return len(value) in reached


def _step(part: str, value: str, reached: set[int]) -> set[int]:
    if part == "**":
        return set(range(min(reached), len(value) + 1))
    if part != "*":
        return {at + len(part) for at in reached if value.startswith(part, at)}
    found: set[int] = set()
    for at in sorted(reached):
        while at not in found:
            found.add(at)
            if at == len(value) or value[at] in _SEPARATORS:
                break
            at += 1
    return found


def _at(claims: Mapping[str, Any], claim: str) -> Any:
    """Return what stands at a name or pointer; None if nothing does."""
    if not claim.startswith("/"):
        return claims.get(claim)
    value: Any = claims
    for token in claim[1:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
