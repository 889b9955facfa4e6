"""The demo application as a client: code with PKCE, and its checks (OIDC Core §3.1).

It knows of the service what any client does: its issuer, and what the metadata there
says.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from app.core import jose
from app.core.language import N_
from app.pages.demo.kept import Kept
from app.pages.demo.own_service import Reply, get, post
from app.services.clients.demo import CALLBACK, DEMO_CLIENT, HOME
from app.services.server.runtime import Runtime

SCOPE = "openid profile email"
NOT_OURS = N_("This sign-in was not begun in this browser, or twice. Try again.")
_METADATA = "/.well-known/openid-configuration"


class Failed(Exception):
    """A step did not do; ``said`` is a message, ``detail`` what the server answered."""

    def __init__(self, said: str, detail: str = "") -> None:
        super().__init__(said)
        self.said = said
        self.detail = detail


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """Signs somebody in at the service, over its endpoints alone."""

    request: Request
    runtime: Runtime

    async def begin(self) -> tuple[str, Kept]:
        """Return where the browser goes, and what is to be kept until it comes back."""
        token = self.runtime.randomness.token
        asked = {"state": token(), "nonce": token(), "verifier": token()}
        digest = hashlib.sha256(asked["verifier"].encode()).digest()
        query = {
            "response_type": "code",
            "client_id": DEMO_CLIENT,
            "redirect_uri": self._here(CALLBACK),
            "scope": SCOPE,
            "state": asked["state"],
            "nonce": asked["nonce"],
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        metadata = await self._metadata()
        return (
            f"{self._path(metadata['authorization_endpoint'])}?{urlencode(query)}",
            asked,
        )

    async def finish(self, answer: Mapping[str, str], asked: Kept) -> Kept:
        """Return the tokens for what came back.

        Args:
            answer: The parameters of the redirect.
            asked: What was kept.

        Raises:
            Failed: It does not belong to what was asked, or the service refuses.
        """
        if not asked.get("state") or answer.get("state") != asked["state"]:
            raise Failed(NOT_OURS)
        if answer.get("iss") != self.runtime.settings.public_url:  # RFC 9207
            raise Failed(N_("The answer came from another service."))
        if "code" not in answer:
            raise Failed(N_("You were not signed in."), _error(answer))
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._here(CALLBACK),
            "code_verifier": asked["verifier"],
        }
        return await self._tokens(form, {"nonce": asked["nonce"]})

    async def refresh(self, kept: Kept) -> Kept:
        """Return new tokens for a refresh token.

        Raises:
            Failed: The service refuses.
        """
        form = {
            "grant_type": "refresh_token",
            "refresh_token": kept.get("refresh_token", ""),
        }
        claims = jose.unverified_claims(kept["id_token"])
        return await self._tokens(form, {"sub": claims["sub"]})

    async def userinfo(self, kept: Kept) -> Reply:
        """Return what the userinfo endpoint answers."""
        endpoint = (await self._metadata())["userinfo_endpoint"]
        return await get(self.request, self._path(endpoint), kept["access_token"])

    async def leave(self, kept: Kept) -> str:
        """Return where the browser signs out (RP-Initiated Logout §2)."""
        query = {"client_id": DEMO_CLIENT, "post_logout_redirect_uri": self._here(HOME)}
        if "id_token" in kept:
            query["id_token_hint"] = kept["id_token"]
        endpoint = (await self._metadata())["end_session_endpoint"]
        return f"{self._path(endpoint)}?{urlencode(query)}"

    async def _tokens(self, form: Mapping[str, str], told: Mapping[str, Any]) -> Kept:
        metadata = await self._metadata()
        endpoint = self._path(metadata["token_endpoint"])
        reply = await post(self.request, endpoint, {"client_id": DEMO_CLIENT, **form})
        if reply.status != 200:
            raise Failed(N_("The service gave no tokens."), _error(reply.document))
        tokens = reply.document
        await self._check(tokens["id_token"], metadata, told)
        expires = self.runtime.clock.now().timestamp() + tokens["expires_in"]
        return {
            "id_token": tokens["id_token"],
            "access_token": tokens["access_token"],
            "refresh_token": tokens.get("refresh_token", ""),
            "expires_at": str(int(expires)),
        }

    async def _check(
        self, id_token: str, metadata: Mapping[str, Any], told: Mapping[str, Any]
    ) -> None:
        """Judge an ID token (OIDC Core §3.1.3.7, and §12.2 after a refresh)."""
        keys = (await get(self.request, self._path(metadata["jwks_uri"]))).document
        issuer, now = self.runtime.settings.public_url, self.runtime.clock.now()
        try:
            claims = jose.verify_with_jwks(id_token, keys, types={"jwt"})
            jose.check_claims(claims, issuer=issuer, audience=DEMO_CLIENT, now=now)
        except jose.InvalidToken as error:
            raise Failed(N_("The ID token is not good."), str(error)) from error
        if any(claims.get(name) != value for name, value in told.items()):
            raise Failed(N_("The ID token is of another sign-in."))

    async def _metadata(self) -> Mapping[str, Any]:
        return (await get(self.request, _METADATA)).document

    def _here(self, path: str) -> str:
        return f"{self.runtime.settings.public_url}{path}"

    def _path(self, url: str) -> str:
        """Return the path of an endpoint below us, whatever name we are called by.

        What the public URL has of a path is put before every ``Location``.
        """
        return url.removeprefix(self.runtime.settings.public_url)


def _error(answer: Mapping[str, Any]) -> str:
    words = (answer.get("error", ""), answer.get("error_description", ""))
    return ": ".join(str(word) for word in words if word)
