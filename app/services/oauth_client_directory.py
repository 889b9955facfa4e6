"""Registered clients as the protocol engine sees them, kept for seconds."""

from collections.abc import Sequence
from typing import Any

from app.core.clock import Clock
from app.database import Database
from app.models.oauth_client import OAuthClient, OAuthClientSecret
from app.oauth.client import Client, ClientSecret
from app.oauth.registration import ClientMetadata
from app.repositories.oauth_client import OAuthClientRepository

KEPT_FOR = 3.0  # seconds: how late another process sees a change (architecture, rule 5)
_MOST = 1_024  # clients; some kilobytes each


class ClientDirectory:
    """Finds clients that may be used now; satisfies ``oauth.ports.Clients``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep nothing yet."""
        self._database = database
        self._clock = clock
        self._kept: dict[str, tuple[float, Client | None]] = {}

    async def by_client_id(self, client_id: str) -> Client | None:
        """Return a client that is registered and not disabled, or None."""
        now = self._clock.monotonic()
        kept = self._kept.get(client_id)
        if kept is not None and now - kept[0] < KEPT_FOR:
            return kept[1]
        client = await self._read(client_id)
        if len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]  # the oldest
        self._kept[client_id] = (now, client)
        return client

    def forget(self, client_id: str) -> None:
        """Read a client anew at the next request; call it after a change."""
        self._kept.pop(client_id, None)

    async def refresh_keys(self, client_id: str) -> bool:
        """Read the keys of a client anew; tell whether they are others than before."""
        known = self._kept.get(client_id)
        before = known[1].jwks if known and known[1] else None
        self.forget(client_id)
        client = await self.by_client_id(client_id)
        return client is not None and client.jwks != before

    async def _read(self, client_id: str) -> Client | None:
        if not 0 < len(client_id) <= 64 or "\0" in client_id:
            return None
        async with self._database.session(read_only=True) as db:
            clients = OAuthClientRepository(db)
            row = await clients.by_client_id(client_id)
            if row is None or row.status != "active":
                return None
            secrets = await clients.secrets_of(client_id, self._clock.now())
            return engine_client(row, secrets)


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
        links={name: url for name in links if (url := getattr(metadata, name))},
    )
