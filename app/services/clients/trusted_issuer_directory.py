"""Issuers that are believed now, as the engine sees them, and their keys."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.jose import fits
from app.core.outbound import OutboundClient
from app.database import Database
from app.models.oauth.trusted_issuer import TrustedIssuer as Row
from app.oauth.trust.condition import Condition
from app.oauth.trust.issuer import (
    DISCOVERY,
    NotTrustworthy,
    Rule,
    TrustedIssuer,
    check_issuer,
)
from app.repositories.oauth.trusted_issuer import TrustedIssuerRepository
from app.services.clients.directory import KEPT_FOR
from app.services.clients.keys import (
    FAULTS,
    ClientKeys,
    Jwks,
    NotFetched,
    reason_of,
)

_log = logging.getLogger("auth_serve.trusted_issuer")


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was looked at, and what it was.

    Attributes:
        name: ``settings``, ``discovery`` or ``keys``.
        saw: In English, for administrators.
    """

    name: str
    ok: bool
    saw: str


class TrustedIssuerDirectory:
    """Finds issuers that are trusted now; satisfies ``oauth.ports.TrustedIssuers``.

    All are read together, for they are few: a name that a stranger made up asks the
    database no more often than a right one.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        outbound: OutboundClient,
        *,
        own: str,
        development: bool,
    ) -> None:
        """Keep nothing yet; issuers are held to what ``check_issuer`` demands now."""
        self._database = database
        self._clock = clock
        self._own = own
        self._development = development
        self._keys = IssuerKeys(outbound, clock)
        self._known: Mapping[str, TrustedIssuer] = {}
        self._read_at = float("-inf")

    async def by_issuer(self, issuer: str) -> TrustedIssuer | None:
        """Return the issuer of exactly this name, if it is trusted now, or None."""
        now = self._clock.monotonic()
        if now - self._read_at >= KEPT_FOR:
            async with self._database.session(read_only=True) as db:
                rows = await TrustedIssuerRepository(db).list_active()
            known = {row.issuer: read_issuer(row) for row in rows}
            self._known = {name: each for name, each in known.items() if self._ok(each)}
            self._read_at = now
        return self._known.get(issuer)

    def _ok(self, trusted: TrustedIssuer) -> bool:
        """Tell whether an issuer would be taken today: rules become stricter."""
        try:
            check_issuer(trusted, own=self._own, development=self._development)
        except NotTrustworthy as error:
            if self._read_at < 0:  # once; each change is judged where it is made
                known = {"issuer": trusted.issuer, "reason": str(error)}
                _log.warning("an issuer is not trusted as it is stored", extra=known)
            return False
        return True

    def keys(self, trusted: TrustedIssuer) -> Jwks | None:
        """Return its keys that may be used now; None if none are known."""
        return trusted.jwks or self._keys.at(trusted.keys_at)

    async def refresh(self, trusted: TrustedIssuer) -> bool:
        """Ask for its keys; True if others may be used than some time ago.

        No transaction may be open: this waits for somebody else, for seconds at most.
        """
        return trusted.jwks is None and await self._keys.refresh(trusted.keys_at)

    async def look(self, trusted: TrustedIssuer) -> Sequence[Seen]:
        """Ask an issuer now, whatever is kept of it; up to a first fault.

        No transaction may be open, as for ``refresh``.
        """
        try:
            check_issuer(trusted, own=self._own, development=self._development)
        except NotTrustworthy as error:
            return [Seen("settings", ok=False, saw=str(error))]
        return await self._keys.look(trusted)

    def forget(self) -> None:
        """Read them anew at the next request; call it after a change."""
        self._read_at = float("-inf")


class IssuerKeys(ClientKeys):
    """Keys of issuers, which may have to be asked first where they are."""

    async def look(self, trusted: TrustedIssuer) -> Sequence[Seen]:
        """Say what its discovery and its keys are now; nothing of it is kept."""
        steps: list[Seen] = []
        uri, keys = trusted.keys_at, trusted.jwks
        try:
            if keys is None and uri.endswith(DISCOVERY):
                named = "discovery"
                uri = _jwks_uri(await self._read(uri), uri.removesuffix(DISCOVERY))
                steps.append(Seen(named, ok=True, saw=f"its keys are at {uri}"))
            named = "keys"
            keys = keys or await super()._find(uri)
        except FAULTS as error:
            return [*steps, Seen(named, ok=False, saw=reason_of(error))]
        return [*steps, _seen_keys(keys, trusted.algorithms)]

    async def _find(self, uri: str) -> Jwks:
        if uri.endswith(DISCOVERY):
            uri = _jwks_uri(await self._read(uri), uri.removesuffix(DISCOVERY))
        return await super()._find(uri)


def _jwks_uri(document: Any, issuer: str) -> str:
    """Return where a discovery document says that the keys are.

    Raises:
        NotFetched: It is of another issuer (OIDC Discovery §4.3), or does not say it.
    """
    members = document if isinstance(document, dict) else {}
    named, uri = members.get("issuer"), members.get("jwks_uri")
    if not isinstance(named, str) or named.rstrip("/") != issuer:
        raise NotFetched("the discovery document is of another issuer")
    if not isinstance(uri, str):
        raise NotFetched("the discovery document has no jwks_uri")
    return uri


def _seen_keys(jwks: Jwks, algorithms: Collection[str]) -> Seen:
    keys = jwks["keys"]
    fitting = [key for key in keys if any(fits(key, each) for each in algorithms)]
    allowed = " ".join(algorithms)
    saw = f"{len(keys)} keys, {len(fitting)} of them for {allowed}"
    return Seen("keys", ok=bool(fitting), saw=saw)


def read_issuer(row: Row) -> TrustedIssuer:
    """Return a trusted issuer as the engine sees it; its form was judged before."""
    document = row.document
    return TrustedIssuer(
        issuer=row.issuer,
        audiences=tuple(document["audiences"]),
        jwks_uri=document["jwks_uri"],
        jwks=document["jwks"],
        algorithms=tuple(document["algorithms"]),
        max_lifetime=document["max_lifetime"],
        single_use=document["single_use"],
        rules=tuple(_rule(each) for each in document["rules"]),
    )


def _rule(stored: Mapping[str, Any]) -> Rule:
    scope, user_id = stored.get("scope"), stored.get("user_id")
    resources = stored.get("resources")
    return Rule(
        conditions=tuple(Condition(**each) for each in stored["conditions"]),
        client_id=stored["client_id"],
        user_id=None if user_id is None else UUID(user_id),
        scope=None if scope is None else tuple(scope.split()),
        resources=None if resources is None else tuple(resources),
        authenticates_client=stored.get("authenticates_client", False),
    )
