"""What the program behind a proxy is told of a visitor: header fields, and a JWT.

The names are those of oauth2-proxy. Every field is always there: what is empty replaces
what a visitor sent under its name. The JWT is signed for the host alone and lives for a
minute, so a program that checks it needs to trust no network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from app.oauth.subject import subject_of_client
from app.policies.second_factor import names_that_count
from app.services.clients.provider import Provider
from app.services.forward_auth.directory import HostPolicy
from app.typed_text import username_key

USER, EMAIL, USERNAME = "user", "email", "preferred_username"
GROUPS, ROLES, JWT = "groups", "roles", "jwt"
TOLD = (USER, EMAIL, USERNAME, GROUPS, ROLES, JWT)
_NAMES = {
    USER: b"x-auth-request-user",
    EMAIL: b"x-auth-request-email",
    USERNAME: b"x-auth-request-preferred-username",
    GROUPS: b"x-auth-request-groups",
    ROLES: b"x-auth-request-roles",
    JWT: b"x-auth-request-jwt",
}
TYPE = "forward-auth+jwt"  # RFC 8725 section 3.11: taken for no other token
KEPT_FOR = 10  # seconds that an answer is given again, if nothing changed
# Of a row, what an answer is made of.
_ABOUT = attrgetter(
    *("user_id", "session_id", "email", "email_verified", "username", "username_key"),
    *("name", "acr", "authenticated_at", "roles", "weaker_roles", "groups"),
)
_MOST = 4_096  # answers, two kilobytes each
Fields = list[tuple[bytes, bytes]]
NOBODY: Fields = [(name, b"") for name in _NAMES.values()]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and what it was made of."""

    made_of: tuple[Any, ...]
    until: float
    fields: Fields


class Told:
    """Makes the answer for a visitor; the signature is not made for each request."""

    def __init__(self, provider: Provider) -> None:
        """Remember nothing yet."""
        self._provider = provider
        self._kept: dict[Any, _Kept] = {}

    async def of_person(self, row: Any, host: HostPolicy) -> Fields:
        """Return the fields for a row of ``EnteredStatements``."""
        now = self._provider.clock.now().timestamp()
        made_of = (host, _ABOUT(row))
        kept = self._kept.get(row.id)
        if kept is not None and kept.until > now and kept.made_of == made_of:
            return kept.fields
        roles = names_that_count(row, row.acr, self._provider.settings.mfa)
        fields = await self._fields(_person(row, roles), host, now)
        if row.id not in self._kept and len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]  # the oldest
        self._kept[row.id] = _Kept(made_of, now + KEPT_FOR, fields)
        return fields

    async def of_machine(self, client_id: str, host: HostPolicy) -> Fields:
        """Return the fields for a client that proved itself by its secret."""
        now = self._provider.clock.now().timestamp()
        claims = {"sub": subject_of_client(client_id), "client_id": client_id}
        return await self._fields(claims, host, now)

    async def _fields(
        self, claims: Mapping[str, Any], host: HostPolicy, now: float
    ) -> Fields:
        claims = {
            name: value
            for name, value in claims.items()
            if name not in TOLD or name in host.told
        }
        told = {name: claims.get(name, "") for name in (EMAIL, USERNAME)}
        told |= {name: ",".join(claims.get(name, ())) for name in (GROUPS, ROLES)}
        if USER in host.told:
            told[USER] = claims["sub"]
        if JWT in host.told:
            told[JWT] = await self._signed(claims, host, int(now))
        return [(field, _value(told.get(name, ""))) for name, field in _NAMES.items()]

    async def _signed(
        self, claims: Mapping[str, Any], host: HostPolicy, now: int
    ) -> str:
        provider = self._provider
        settings = provider.settings
        scheme = settings.public_url.partition(":")[0]
        return await provider.signed.sign(
            {
                "iss": settings.public_url,
                "aud": f"{scheme}://{host.host}",
                "iat": now,
                "exp": now + settings.token.forward_auth_ttl,
                **claims,
            },
            algorithm=settings.token.algorithm,
            typ=TYPE,
            now=provider.clock.now(),
        )


def _person(row: Any, roles: Sequence[str]) -> dict[str, Any]:
    """Return the claims; an address that nobody confirmed is nobody's."""
    is_given = row.username and username_key(row.username) == row.username_key
    claims = {
        "sub": str(row.user_id),
        "sid": None if row.session_id is None else str(row.session_id),
        "email": row.email if row.email_verified else None,
        "preferred_username": row.username if is_given else None,
        "name": row.name,
        "acr": row.acr,
        "auth_time": int(row.authenticated_at.timestamp()),
    }
    told = {name: value for name, value in claims.items() if value is not None}
    groups = sorted((row.groups or "").split())
    return told | {GROUPS: groups, ROLES: list(roles)}


def _value(text: str) -> bytes:
    """Return a field's value in UTF-8; what no field may hold is left out whole."""
    return text.encode() if text.isprintable() else b""
