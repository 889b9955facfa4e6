"""OIDC Core §5.4, RFC 9068 §2.2.2: which mapped claims a token or an answer has.

A person agreed to scopes. What a mapping tells of them is told only if the scope that
it belongs to was granted; nothing is told of who is not there.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from app.oauth.claims import scope_claims
from app.oauth.mappings.mapping import ATTRIBUTE, SCOPE, ClaimMapping

LEFT_OUT = "claims_left_out"
# Whoever types one has it; only the claim beside it says whose it is (§5.7).
_CONFIRMED_BY = {
    "email": "email_verified",
    "phone_number": "phone_number_verified",
}


def sources_of(mappings: Iterable[ClaimMapping]) -> frozenset[str]:
    """Return the names of what has to be known about a person."""
    return frozenset(mapping.source for mapping in mappings)


def is_granted(source: str, scope: Collection[str], given: Collection[str]) -> bool:
    """Tell whether scopes let something be told of a person.

    An operator's attributes are of the profile: no scope has claims of their names.

    Args:
        source: Of a mapping.
        scope: What was granted.
        given: The claims that it stands for.
    """
    return source in given or (source.startswith(ATTRIBUTE) and "profile" in scope)


def mapped_claims(
    mappings: Iterable[ClaimMapping], known: Mapping[str, Any], scope: Collection[str]
) -> dict[str, Any]:
    """Return what mappings tell; a claim without a value is left out.

    An address or number that nobody confirmed is told under its own name alone, which
    readers know to be half of the word: under any other it would pass for the person.

    Args:
        mappings: Of a client or a resource.
        known: About the person; nothing if nobody is there.
        scope: What was granted.
    """
    given = scope_claims(scope)
    claims: dict[str, Any] = {}
    for mapping in mappings:
        if mapping.source == SCOPE:
            value = _shaped(mapping, list(scope))
        elif is_granted(mapping.source, scope, given) and _is_told(mapping, known):
            value = _shaped(mapping, known.get(mapping.source))
        else:
            continue
        if value is not None and value != "":
            _put(claims, mapping.path, value)
    return claims


def _is_told(mapping: ClaimMapping, known: Mapping[str, Any]) -> bool:
    is_itself = mapping.path == (mapping.source,)
    return is_itself or is_confirmed(mapping.source, known)


def is_confirmed(name: str, known: Mapping[str, Any]) -> bool:
    """Tell whether a claim is the person's, or one that nobody confirms anyway."""
    flag = _CONFIRMED_BY.get(name)
    return flag is None or known.get(flag) is True


def _put(claims: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        below = claims.get(name)
        if not isinstance(below, dict):  # of another resource that says it flat
            below = claims[name] = {}
        claims = below
    claims[path[-1]] = value


def _shaped(mapping: ClaimMapping, value: Any) -> Any:
    if isinstance(value, list):
        told = (each for each in value if _is_meant(mapping, str(each)))
        return [mapping.prefix + str(each) for each in told]
    if not _is_meant(mapping, str(value)):
        return None
    return mapping.prefix + value if isinstance(value, str) else value


def _is_meant(mapping: ClaimMapping, value: str) -> bool:
    return not mapping.values or any(_matches(value, each) for each in mapping.values)


def _matches(value: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern


def claims_by_scope(
    names: Collection[str], known: Mapping[str, Any], scope: Iterable[str]
) -> dict[str, Any]:
    """Return the claims of these names that scopes stand for, as §5.4 has them.

    An application that never asks userinfo has them in the ID token itself.
    """
    given = scope_claims(scope) & set(names)
    found = ((name, known.get(name)) for name in given)
    return {name: value for name, value in found if value is not None and value != ""}


def within(claims: Mapping[str, Any], names: Collection[str], most: int) -> Any:
    """Return claims that a token has room for.

    Where there are too many, what people belong to is left out whole: less of it would
    be taken for all, and an application without it allows less and never more.

    Args:
        claims: All of them.
        names: Of the claims that may be left out.
        most: Bytes of JSON.
    """
    if size_of(claims) <= most:
        return claims
    gone = sorted(claims.keys() & set(names))
    left = {name: value for name, value in claims.items() if name not in gone}
    return left | {LEFT_OUT: gone}


def size_of(claims: Mapping[str, Any]) -> int:
    """Return how many bytes claims are as JSON."""
    return len(json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode())
