"""GitHub, and GitHub Enterprise Server: OAuth, errors in a 200, several addresses.

docs.github.com/apps/oauth-apps, "Authorizing OAuth apps" (PKCE since July 2025) and
"Troubleshooting OAuth app access token request errors"; docs.github.com/rest/users:
``id`` is who somebody is, while ``login`` may be given to somebody else later.
"""

from collections.abc import Mapping
from typing import Any

from app.upstreams.kind import MadeKind, credentials_of
from app.upstreams.oauth import OAuthConnector, OAuthProfile, claims_of
from app.upstreams.protocol import ConnectionConfig, Surroundings
from app.upstreams.settings import BaseUrl, ClientSettings

_NAMES = {
    "sub": "id",
    "preferred_username": "login",
    "name": "name",
    "picture": "avatar_url",
    "profile": "html_url",
}


class GitHubSettings(ClientSettings):
    """An OAuth app of GitHub's; ``url`` is that of a GitHub Enterprise Server."""

    url: BaseUrl = "https://github.com"

    def called(self) -> Mapping[str, str]:
        """Return the server."""
        return {"url": self.url}


class GitHub(OAuthConnector):
    """A connection to GitHub."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: GitHubSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))
        is_public = settings.url == "https://github.com"
        self._api = "https://api.github.com" if is_public else f"{settings.url}/api/v3"

    async def _person(self, access_token: str) -> Mapping[str, Any]:
        told = await self._object(f"{self._api}/user", access_token)
        listed = await self._ask(f"{self._api}/user/emails", access_token)
        email = _verified_primary(listed)
        claims = claims_of(told, _NAMES)
        if email is not None:
            claims |= {"email": email, "email_verified": True}
        return claims


def _verified_primary(listed: Any) -> Any:
    """Return the one address that GitHub verified and the person prefers, or None.

    The ``email`` of ``/user`` is what the person shows to others, and no proof.
    """
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict):
            if each.get("primary") is True and each.get("verified") is True:
                return each.get("email")
    return None


def _profile(settings: GitHubSettings) -> OAuthProfile:
    return OAuthProfile(
        issuer=settings.url,
        authorization_endpoint=f"{settings.url}/login/oauth/authorize",
        token_endpoint=f"{settings.url}/login/oauth/access_token",
        credentials=credentials_of(settings, "client_secret_post"),
        scopes=("read:user", "user:email", *settings.scopes),
    )


GITHUB = MadeKind("github", "GitHub", GitHubSettings, GitHub)
