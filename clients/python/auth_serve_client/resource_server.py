"""An API that takes tokens of one issuer: put together, started, stopped."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import httpx2
from auth_serve_client.errors import Refused, Unavailable
from auth_serve_client.keys import Keys
from auth_serve_client.revoked import RevokedTokens
from auth_serve_client.token import AccessToken, read_claims

_PREFIX = "/.well-known/oauth-protected-resource"
_TYPES: dict[str, tuple[str, ...]] = {"at+jwt": ("at+jwt",), "JWT": ("at+jwt", "jwt")}


class ResourceServer:
    """Judges the tokens of requests; an async context that follows what is revoked."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        credentials: tuple[str, str] | None = None,
        when_silent: Literal["accept", "refuse"] = "accept",
        silent_after: float = 60,
        token_type: Literal["at+jwt", "JWT"] = "at+jwt",
        resource: str | None = None,
        scopes: tuple[str, ...] = (),
        leeway: float = 5,
        stale_keys: float = 3_600,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Ask nobody yet.

        Args:
            issuer: Public URL of Auth Serve.
            audience: What ``aud`` has to say.
            credentials: Client id and secret of this API, a resource server there.
                Without them nothing is heard of what is revoked.
            when_silent: What to do with tokens while that cannot be heard.
            silent_after: Seconds without hearing it until ``refuse`` refuses.
            token_type: ``JWT`` if the resource is registered so.
            resource: URL of this API, for its metadata (RFC 9728); the audience if that
                is one.
            scopes: All that it knows, for its metadata.
            leeway: Seconds by which clocks may differ.
            stale_keys: Seconds for which known keys are good while they cannot be read.
            http: What asks; by default a client of its own.
        """
        self.issuer, self.audience = issuer, audience
        self._is_own = http is None
        self._http = http or httpx2.AsyncClient(timeout=5)
        self._types, self._leeway = _TYPES[token_type], leeway
        base = issuer.rstrip("/")
        self._keys = Keys(self._http, f"{base}/.well-known/jwks.json", stale=stale_keys)
        self._refuses, self._silent_after = when_silent == "refuse", silent_after
        self.revoked: RevokedTokens | None = None
        self._reader: httpx2.AsyncClient | None = None
        if credentials is not None:
            self._reader = httpx2.AsyncClient(auth=credentials)
            uri = f"{base}/oauth2/revoked"
            self.revoked = RevokedTokens(self._reader, self._keys, uri, issuer)
        self._following: asyncio.Task[None] | None = None
        url = resource or (audience if "://" in audience else None)
        self._resource, self._scopes = url, scopes

    async def __aenter__(self) -> Self:
        """Follow what is revoked from now on, and have the list as it is."""
        if self.revoked is not None:
            with suppress(httpx2.HTTPError, Refused, Unavailable, ValueError, KeyError):
                await self.revoked.read()
            self._following = asyncio.create_task(self.revoked.follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and give connections back."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        if self._reader is not None:
            await self._reader.aclose()
        if self._is_own:
            await self._http.aclose()

    async def authenticate(self, authorization: str | None) -> AccessToken:
        """Return the token of a request, if it holds.

        Args:
            authorization: The field of the request; in the URL no token is taken.

        Raises:
            Refused: There is none, or it does not hold.
            Unavailable: Nobody can say now.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refused
        claims = await self._keys.verify(token.strip(), self._types)
        found = read_claims(
            claims, issuer=self.issuer, audience=self.audience, leeway=self._leeway
        )
        if self.revoked is not None:
            if self._refuses and self.revoked.age > self._silent_after:
                raise Unavailable("what was revoked cannot be heard")
            if not self.revoked.holds(claims):
                raise Refused("invalid_token", "revoked")
        return found

    @property
    def metadata_path(self) -> str | None:
        """Where the metadata of this API is (RFC 9728 section 3.1)."""
        if self._resource is None:
            return None
        return _PREFIX + urlsplit(self._resource).path.rstrip("/")

    @property
    def metadata_url(self) -> str | None:
        """The same as a URL, for ``resource_metadata`` of a challenge."""
        if self._resource is None:
            return None
        parts = urlsplit(self._resource)
        return f"{parts.scheme}://{parts.netloc}{self.metadata_path}"

    def metadata(self) -> dict[str, Any]:
        """Return the metadata of this API (RFC 9728 section 2)."""
        document: dict[str, Any] = {
            "resource": self._resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
        }
        if self._scopes:
            document["scopes_supported"] = list(self._scopes)
        return document
