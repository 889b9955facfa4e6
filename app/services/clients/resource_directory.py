"""Resources as the protocol engine sees them, kept for seconds."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.core.clock import Clock
from app.database import Database
from app.models.oauth.resource import MAX_IDENTIFIER, OAuthResource
from app.oauth.clients.resource import Resource
from app.oauth.mappings.mapping import read_mappings
from app.oauth.scopes import ACCOUNT, PERSONAL
from app.oauth.tokens import own_api
from app.repositories.oauth.resource import OAuthResourceRepository

KEPT_FOR = 3.0  # seconds: how late another process sees a change (architecture, rule 5)
_MOST = 1_024  # resources; a kilobyte each, as a rule
_log = logging.getLogger("auth_serve.oauth_resource")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A resource, or that there is none."""

    read_at: float
    resource: Resource | None


class ResourceDirectory:
    """Finds resources by name; satisfies ``oauth.resources.request.Resources``."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        algorithms: Collection[str],
        declared: Iterable[Resource] = (),
        own: Iterable[Resource] = (),
    ) -> None:
        """Keep nothing yet.

        Args:
            database: Where they are.
            clock: How long what was read is good.
            algorithms: What tokens can be signed with.
            declared: Those of the settings; none of the database can replace one.
            own: What this server itself is.
        """
        self._database = database
        self._clock = clock
        self.algorithms = frozenset(algorithms)
        self.declared = tuple(declared)
        everything = (*self.declared, *own)
        self._declared = {each.identifier: each for each in everything}
        self._kept: dict[str, _Kept] = {}

    async def find(self, names: Collection[str]) -> Mapping[str, Resource]:
        """Return those that get tokens now, by the name that they were asked for.

        One statement for all that are not known yet. ``https://api.example`` and
        ``https://api.example/`` are one name (RFC 3986 section 6.2.3), which libraries
        write as they like. What was written counts before its other form, so that one
        that is known so is looked for no further.
        """
        now = self._clock.monotonic()
        found = {name: self._at_hand(name, now) for name in names}
        if None in found.values():
            found |= await self._spelled(names)
        return {name: one for name, one in found.items() if one and one.is_live}

    def _at_hand(self, name: str, now: float) -> Resource | None:
        """Return what memory has under exactly this name, if that is fresh."""
        if (declared := self._declared.get(name)) is not None:
            return declared
        kept = self._kept.get(name)
        is_fresh = kept is not None and now - kept.read_at < KEPT_FOR
        return kept.resource if kept is not None and is_fresh else None

    async def _spelled(self, names: Collection[str]) -> dict[str, Resource | None]:
        """Return what there is of these names, or of how they are written besides."""
        spelled = {name: spellings(name) for name in names if _is_name(name)}
        wanted = frozenset(each for both in spelled.values() for each in both)
        known = await self._known(wanted) if wanted else {}
        return {
            name: known[each]
            for name, both in spelled.items()
            for each in reversed(both)
            if each in known
        }

    async def named(self, identifier: str) -> Resource | None:
        """Return what is registered under this identifier, live or not.

        Or under how that is written besides: else a slash too many would have tokens
        for an API that nothing of what is said of it holds for.
        """
        both = spellings(identifier)
        known = await self._known(frozenset(both))
        return known.get(identifier) or known.get(both[-1])

    def forget(self, identifier: str) -> None:
        """Read a resource anew at the next request; call it after a change."""
        for each in spellings(identifier):
            self._kept.pop(each, None)

    def engine_resource(self, row: OAuthResource) -> Resource:
        """Return a resource as the engine sees it, live only if its tokens can be."""
        is_signed = row.algorithm is None or row.algorithm in self.algorithms
        if not is_signed:
            known = {"resource": row.identifier, "algorithm": row.algorithm}
            _log.warning("a resource wants signatures that are off", extra=known)
        return Resource(
            identifier=row.identifier,
            name=row.name,
            scopes=row.scopes,
            access="any" if row.access == "any" else "assigned",
            access_token_ttl=row.access_token_ttl,
            algorithm=row.algorithm,
            typ="JWT" if row.typ == "JWT" else "at+jwt",
            audience_form="list" if row.audience_form == "list" else "string",
            scope_form="list" if row.scope_form == "list" else "string",
            claims=read_mappings(row.claims),
            is_live=row.status == "active" and is_signed,
        )

    async def _known(self, names: frozenset[str]) -> dict[str, Resource]:
        """Return what there is of these names, from memory as far as that is fresh."""
        now, found, missing = self._clock.monotonic(), dict[str, Resource | None](), []
        for name in names:
            kept = self._kept.get(name)
            if name in self._declared:
                found[name] = self._declared[name]
            elif kept is not None and now - kept.read_at < KEPT_FOR:
                found[name] = kept.resource
            else:
                missing.append(name)
        if missing:
            read = await self._read(frozenset(missing), now)
            found |= {name: kept.resource for name, kept in read.items()}
        return {name: one for name, one in found.items() if one is not None}

    async def _read(self, names: frozenset[str], now: float) -> dict[str, _Kept]:
        async with self._database.session(read_only=True) as db:
            rows = await OAuthResourceRepository(db).by_identifiers(names)
        there = {row.identifier: self.engine_resource(row) for row in rows}
        read = {name: _Kept(now, there.get(name)) for name in names}
        for name, kept in read.items():
            self._keep(name, kept)
        return read

    def _keep(self, name: str, kept: _Kept) -> None:
        if name not in self._kept and len(self._kept) >= _MOST:
            if kept.resource is None:
                return  # guesses of strangers push no resource out
            del self._kept[next(iter(self._kept))]  # the oldest
        self._kept[name] = kept


def own_resources(issuer: str) -> tuple[Resource, ...]:
    """Return what this server itself is asked for by name: who is who, and its API.

    A token for the second is for nobody else, who could open the account with it
    (RFC 9700 section 2.3).
    """
    about_people = dict.fromkeys(sorted(PERSONAL - {ACCOUNT}), "")
    return (
        Resource(identifier=issuer, scopes=about_people, access="any"),
        Resource(
            identifier=own_api(issuer),
            scopes={ACCOUNT: ""},
            access="any",
            is_exclusive=True,
        ),
    )


def spellings(name: str) -> tuple[str, ...]:
    """Return a name, and how an origin is written besides."""
    scheme, mark, rest = name.partition("://")
    if scheme not in ("https", "http") or not mark or "?" in rest:
        return (name,)
    host, slash, path = rest.partition("/")
    if path:
        return (name,)
    return name, f"{scheme}://{host}" if slash else f"{name}/"


def _is_name(name: str) -> bool:
    """Tell whether it could be one; nothing is kept or asked of what could not."""
    return len(name) <= MAX_IDENTIFIER and name.isprintable()
