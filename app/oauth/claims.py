"""OIDC Core §5.1, §5.3.2, §5.4 and §5.5: which claims about the person go where.

What a scope stands for is given at the userinfo endpoint: whoever is given an ID token
here is given an access token too (§5.4). The ID token holds what ``claims`` asks for.
"""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from app.oauth.errors import InvalidRequest

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    # Of our own, as infrastructure names them; they say what the person belongs to.
    "groups": ("groups",),
    "roles": ("roles",),
}
STANDARD_CLAIMS = tuple(name for names in SCOPE_CLAIMS.values() for name in names)
# About the sign-in, not the person: given or used without asking anybody.
PROTOCOL_CLAIMS = ("sub", "auth_time", "acr", "amr")

Destination = Literal["userinfo", "id_token"]
# By destination and name; each value has what the client said of it.
ClaimsRequest = Mapping[str, Mapping[str, Mapping[str, Any]]]
_DESTINATIONS: tuple[Destination, ...] = ("userinfo", "id_token")
_MEMBERS = ("essential", "value", "values")
_MAX_DEPTH = 16  # of one value, where the deepest claim of a person has two


def parse_claims(text: str, supported: Collection[str]) -> ClaimsRequest:
    """Return what the ``claims`` parameter asks for, of what is known here.

    Members and claims that are not known are left out (§5.5, §5.5.1). The result can
    be stored as JSON anywhere.

    Raises:
        InvalidRequest: It is no JSON of the form that §5.5 describes.
    """
    document = _object("claims", _load(text))
    known = {*supported, *PROTOCOL_CLAIMS}
    return {
        where: {
            name: _read_wish(wish) for name, wish in wishes.items() if name in known
        }
        for where in _DESTINATIONS
        if (wishes := _object(f"claims.{where}", document.get(where)))
    }


def _load(text: str) -> Any:
    try:
        document = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=_number,
            parse_int=_integer,
            object_pairs_hook=_once,
        )
        _check_depth(document, _MAX_DEPTH)
        written = json.dumps(document, ensure_ascii=False)
        written.encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("claims is not JSON", hint=str(error)) from error
    if "\\u0000" in written:  # databases refuse it
        raise InvalidRequest("claims holds U+0000")
    return document


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _integer(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError("a number is too large")
    return value


def _check_depth(value: Any, left: int) -> None:
    """Refuse what parses here and not everywhere where it is written or read later."""
    if isinstance(value, dict | list):
        if not left:
            raise ValueError("nested too deeply")
        for each in value.values() if isinstance(value, dict) else value:
            _check_depth(each, left - 1)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _object(name: str, value: Any) -> dict[str, Any]:
    """Return an object; null where one may stand means that nothing is asked for."""
    if value is None and name != "claims":
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name} must be a JSON object")
    return value


def _read_wish(wish: Any) -> dict[str, Any]:
    members = _object("a claim", wish)
    if not isinstance(members.get("essential", False), bool):
        raise InvalidRequest("essential must be true or false")
    if not isinstance(members.get("values", []), list):
        raise InvalidRequest("values must be an array")
    return {name: members[name] for name in _MEMBERS if name in members}


def wished_values(claims: ClaimsRequest, where: Destination, name: str) -> list[Any]:
    """Return the values that are asked for of a claim; none if any will do."""
    wish = claims.get(where, {}).get(name, {})
    if "value" in wish:
        return [wish["value"]]
    return list(wish.get("values", []))


def is_essential(claims: ClaimsRequest, where: Destination, name: str) -> bool:
    """Tell whether the client says that it cannot do without a claim."""
    return claims.get(where, {}).get(name, {}).get("essential") is True


def scope_claims(scope: Iterable[str]) -> frozenset[str]:
    """Return the claims that scopes stand for (§5.4)."""
    return frozenset(name for token in scope for name in SCOPE_CLAIMS.get(token, ()))


def beyond_scope(claims: ClaimsRequest, scope: Iterable[str]) -> frozenset[str]:
    """Return what is asked for about the person that no scope of the request gives."""
    wished = frozenset(name for wishes in claims.values() for name in wishes)
    return wished - scope_claims(scope) - frozenset(PROTOCOL_CLAIMS)


def told_claims(
    where: Destination, *, scope: Iterable[str], claims: ClaimsRequest
) -> frozenset[str]:
    """Return the names of what may be said there, for whoever has to look it up."""
    by_scope = scope_claims(scope) if where == "userinfo" else frozenset()
    return by_scope | claims.get(where, {}).keys()


def claims_for(
    where: Destination,
    person: Mapping[str, Any],
    *,
    scope: Iterable[str],
    claims: ClaimsRequest,
) -> dict[str, Any]:
    """Return what is said about a person, to be joined with the protocol's claims.

    A claim without a value is left out (§5.3.2), and so is one that only ``claims``
    asks for, with values that are not the person's (§5.5.1).

    Args:
        where: The userinfo endpoint or the ID token.
        person: Every claim that could be given; ``sub`` and its like are not of them.
        scope: What was granted.
        claims: What was asked for, and agreed to.
    """
    by_scope = scope_claims(scope) if where == "userinfo" else frozenset()
    return {
        name: value
        for name, value in person.items()
        if value is not None and value != "" and name not in PROTOCOL_CLAIMS
        if name in by_scope or _is_wished(claims, where, name, value)
    }


def _is_wished(
    claims: ClaimsRequest, where: Destination, name: str, value: Any
) -> bool:
    values = wished_values(claims, where, name)
    return name in claims.get(where, {}) and (not values or value in values)
