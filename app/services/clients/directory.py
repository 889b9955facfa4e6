"""Registered clients as the protocol engine sees them, kept for seconds."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.config import PREFIX
from app.core.clock import Clock
from app.core.outbound import OutboundClient
from app.database import Database
from app.models.oauth.client import (
    ADMINISTRATOR,
    MAX_CLIENT_ID,
    REGISTRATION_TOKEN,
    OAuthClient,
    OAuthClientSecret,
)
from app.oauth.clients.client import Client, ClientSecret
from app.oauth.clients.exchange import read_policy
from app.oauth.clients.metadata_document import is_document_url
from app.oauth.clients.registration import ClientMetadata
from app.oauth.mappings.mapping import read_mappings
from app.oauth.supported import Supported
from app.repositories.oauth.client import OAuthClientRepository
from app.services.clients.keys import ClientKeys
from app.services.clients.preview_pattern import pattern_flaw
from app.services.clients.resource_directory import ResourceDirectory, spellings

KEPT_FOR = 3.0  # seconds: how late another process sees a change (architecture, rule 5)
_MOST = 1_024  # clients; some kilobytes each
_log = logging.getLogger("auth_serve.oauth_client")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A client, or that there is none to use, and where its keys are if it says so."""

    read_at: float
    client: Client | None = None
    jwks_uri: str | None = None
    is_disabled: bool = False


class ClientDirectory:
    """Finds clients that may be used now; satisfies ``oauth.ports.Clients``."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        outbound: OutboundClient,
        supported: Supported,
        resources: ResourceDirectory,
    ) -> None:
        """Keep nothing yet.

        Args:
            database: Where they are.
            clock: How long what was read is good.
            outbound: Where their keys are fetched.
            supported: What the settings offer; clients have nothing else.
            resources: Where what their tokens are for is found.
        """
        self._supported = supported
        self._resources = resources
        self._database = database
        self._clock = clock
        self._keys = ClientKeys(outbound, clock)
        self._kept: dict[str, _Kept] = {}

    async def by_client_id(self, client_id: str) -> Client | None:
        """Return a client that is registered and not disabled, or None.

        Keys at a ``jwks_uri`` are with it if they are known. Nobody is called here:
        most who ask need no keys. Where an assertion does, ``refresh_keys`` does it.
        """
        kept = await self._find(client_id)
        if kept.client is None or kept.jwks_uri is None:
            return kept.client
        return replace(kept.client, jwks=self._keys.at(kept.jwks_uri))

    async def shown(self, client_ids: Iterable[str]) -> dict[str, Client]:
        """Return those that are registered and not disabled, to be named to people.

        One statement for however many, and so without secrets, keys and what tokens
        are made of: they sign nobody in.
        """
        wanted = sorted({each for each in client_ids if _may_be_one(each)})
        if not wanted:
            return {}
        async with self._database.session(read_only=True) as db:
            rows = await OAuthClientRepository(db).by_client_ids(wanted)
        return {
            row.client_id: engine_client(row, ())
            for row in rows
            if row.status == "active"
        }

    async def refresh_keys(self, client_id: str) -> bool:
        """Fetch the keys of a client anew, after one of its assertions failed.

        For keys that are not known yet, are known too long, or were exchanged. No
        transaction may be open, for this waits for somebody else, for seconds at most.

        Returns:
            Whether ``by_client_id`` gives other keys than it may have given before: the
            assertion is worth another try then, and only then.
        """
        kept = await self._find(client_id)
        return kept.jwks_uri is not None and await self._keys.refresh(kept.jwks_uri)

    async def is_taken(self, client_id: str) -> bool:
        """Tell whether there is a client of this identifier, active or not."""
        kept = await self._find(client_id)
        return kept.client is not None or kept.is_disabled

    def forget(self, client_id: str) -> None:
        """Read a client anew at the next request; call it after a change."""
        self._kept.pop(client_id, None)

    def forget_audience(self, identifier: str) -> None:
        """Read the clients anew whose tokens are for an API that changed."""
        for client_id, kept in list(self._kept.items()):
            audience = kept.client.audience if kept.client is not None else None
            if audience is not None and identifier in spellings(audience):
                del self._kept[client_id]

    async def _find(self, client_id: str) -> _Kept:
        now = self._clock.monotonic()
        if not _may_be_one(client_id):
            return _Kept(now)  # nothing is kept of it: it may be as long as a request
        kept = self._kept.get(client_id)
        if kept is not None and now - kept.read_at < KEPT_FOR:
            return kept
        kept = await self._read(client_id, now)
        if kept.client is None and is_document_url(client_id):
            return kept  # another process may make it a client at any moment
        if client_id not in self._kept and len(self._kept) >= _MOST:
            if kept.client is None:
                return kept  # guesses of strangers push no client out
            del self._kept[next(iter(self._kept))]  # the oldest
        self._kept[client_id] = kept
        return kept

    async def _read(self, client_id: str, now: float) -> _Kept:
        async with self._database.session(read_only=True) as db:
            clients = OAuthClientRepository(db)
            row = await clients.by_client_id(client_id)
            if row is None or row.status != "active":
                return _Kept(now, is_disabled=row is not None)
            secrets = await clients.secrets_of(client_id, self._clock.now())
        client = self.offered(engine_client(row, secrets))
        if client.audience is not None:
            resource = await self._resources.named(client.audience)
            client = replace(client, resource=resource)
        return _Kept(now, client, row.document.get("jwks_uri"))

    def offered(self, client: Client) -> Client:
        """Return a client with no scopes and schemes but those of the settings."""
        scopes = frozenset(self._supported.scopes)
        gone = sorted(client.scope - scopes)
        if gone and client.client_id not in self._kept:
            reason = f"{PREFIX}OAUTH__SCOPES does not name {' '.join(gone)}"
            known = {"client_id": client.client_id, "reason": reason}
            _log.warning("a client has scopes that are not offered", extra=known)
        return replace(
            client,
            scope=client.scope & scopes,
            private_schemes=self._supported.private_schemes,
            redirect_uri_patterns=self._patterns(client),
        )

    def _patterns(self, client: Client) -> tuple[str, ...]:
        """Return a client's patterns that would be taken today as well."""
        hosts, left = self._supported.preview_hosts, []
        for pattern in client.redirect_uri_patterns:
            flaw = pattern_flaw(pattern, hosts)
            if flaw is None:
                left.append(pattern)
            elif client.client_id not in self._kept:
                known = {"client_id": client.client_id, "reason": f"{pattern} {flaw}"}
                _log.warning("a pattern of redirect URIs is not used", extra=known)
        return tuple(left)


def _may_be_one(client_id: str) -> bool:
    return 0 < len(client_id) <= MAX_CLIENT_ID and "\0" not in client_id


def metadata_of(row: OAuthClient) -> ClientMetadata:
    """Return a client's metadata; it was judged when it was stored."""
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.document.items()
    }
    members["scope"] = tuple(row.document.get("scope", "").split())
    return ClientMetadata(**members)


def engine_client(row: OAuthClient, secrets: Sequence[OAuthClientSecret]) -> Client:
    """Return a client as the engine sees it; keys of a ``jwks_uri`` come apart."""
    metadata = metadata_of(row)
    links = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri")
    return Client(
        client_id=row.client_id,
        client_name=row.client_name,
        application_type=metadata.application_type,
        token_endpoint_auth_method=metadata.token_endpoint_auth_method,
        secrets=tuple(ClientSecret(one.digest, one.expires_at) for one in secrets),
        jwks=metadata.jwks,
        redirect_uris=metadata.redirect_uris,
        redirect_uri_patterns=tuple(row.redirect_uri_patterns or ()),
        post_logout_redirect_uris=metadata.post_logout_redirect_uris,
        grant_types=frozenset(metadata.grant_types),
        response_types=frozenset(metadata.response_types),
        scope=frozenset(metadata.scope),
        subject_type=metadata.subject_type,
        sector=metadata.sector,
        id_token_signed_response_alg=metadata.id_token_signed_response_alg,
        userinfo_signed_response_alg=metadata.userinfo_signed_response_alg,
        default_max_age=metadata.default_max_age,
        require_auth_time=metadata.require_auth_time,
        default_acr_values=metadata.default_acr_values,
        backchannel_logout_uri=metadata.backchannel_logout_uri,
        frontchannel_logout_uri=metadata.frontchannel_logout_uri,
        frontchannel_logout_session_required=(
            metadata.frontchannel_logout_session_required
        ),
        pkce=row.pkce,
        is_first_party=row.is_first_party,
        is_resource_server=row.is_resource_server,
        audience=row.audience,
        resources={
            name: None if scopes is None else tuple(scopes)
            for name, scopes in (row.resources or {}).items()
        },
        is_self_registered=row.is_self_registered,
        has_document=row.is_self_registered and is_document_url(row.client_id),
        minimum_acr=row.minimum_acr,
        exchange=read_policy(row.token_exchange),
        theme=row.theme or {},
        id_token_claims=frozenset(row.id_token_claims or ()),
        claim_mappings=read_mappings(row.claim_mappings or ()),
        is_vouched_for=row.voucher in (ADMINISTRATOR, REGISTRATION_TOKEN),
        links={name: url for name in links if (url := getattr(metadata, name))},
    )
