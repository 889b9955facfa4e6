"""What an access token says, and what an API may demand of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auth_serve_client.errors import Refused
from auth_serve_client.jwt import invalid

_NEVER = ("nonce", "at_hash", "c_hash", "events")  # of ID tokens and logout tokens


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token that holds (RFC 9068 section 2.2).

    Attributes:
        subject: ``sub``; the client's own name where nobody signed in.
        client_id: Whom it was issued to.
        scope: What it is good for.
        claims: All that it says.
    """

    subject: str
    client_id: str
    scope: frozenset[str]
    claims: Mapping[str, Any]

    def demand_scope(self, *wanted: str) -> None:
        """Refuse a token without one of these scopes (RFC 6750 section 3.1).

        Raises:
            Refused: One is missing.
        """
        if not self.scope.issuperset(wanted):
            scope = " ".join(wanted)
            raise Refused("insufficient_scope", f"needs {scope}", scope=scope)

    def demand_sign_in(
        self, *, acr: Sequence[str] = (), max_age: int | None = None
    ) -> None:
        """Refuse one whose sign-in was too weak or too long ago (RFC 9470 section 3).

        Args:
            acr: One of these is strong enough.
            max_age: Seconds that it may lie back.

        Raises:
            Refused: The client has to send the person to sign in again.
        """
        is_strong = not acr or self.claims.get("acr") in acr
        at = self.claims.get("auth_time")
        is_recent = max_age is None or (type(at) is int and time.time() - at <= max_age)
        if not (is_strong and is_recent):
            wanted = {"acr_values": " ".join(acr)}
            if max_age is not None:
                wanted["max_age"] = str(max_age)
            hint = "the sign-in was too weak or too long ago"
            raise Refused("insufficient_user_authentication", hint, **wanted)


def read_claims(
    claims: Mapping[str, Any], *, issuer: str, audience: str, leeway: float
) -> AccessToken:
    """Return what the claims of a signed token say (RFC 9068 section 4).

    Raises:
        Refused: They are not those of an access token for this API, or it expired.
    """
    if claims.get("iss") != issuer:
        raise invalid("issued by somebody else")
    for_whom = claims.get("aud")
    if audience not in (for_whom if isinstance(for_whom, list) else [for_whom]):
        raise invalid("meant for another API")
    names = [claims.get(name) for name in ("sub", "client_id", "jti")]
    if not all(isinstance(name, str) and name for name in names):
        raise invalid("sub, client_id or jti is missing")
    if any(name in claims for name in _NEVER):
        raise invalid("no access token")
    now, begins = time.time(), claims.get("nbf", 0)
    ends, issued = claims.get("exp"), claims.get("iat")
    if type(ends) is not int or type(issued) is not int or type(begins) is not int:
        raise invalid("exp, iat or nbf is no instant")
    if now >= ends + leeway or now < begins - leeway:
        raise invalid("expired, or not valid yet")
    scope = claims.get("scope", "")
    listed = scope if isinstance(scope, list) else str(scope).split()
    held = frozenset(map(str, listed))
    return AccessToken(str(names[0]), str(names[1]), held, claims)
