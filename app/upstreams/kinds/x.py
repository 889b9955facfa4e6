"""X: OAuth with PKCE, people wrapped in ``data``, an address for approved apps only.

docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code and
docs.x.com/x-api/users/get-my-user: ``confirmed_email`` needs the scope ``users.email``
and an app that may ask for it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import StrictBool

from app.upstreams.kind import MadeKind, credentials_of
from app.upstreams.oauth import OAuthConnector, OAuthProfile, claims_of
from app.upstreams.protocol import ConnectionConfig, Surroundings
from app.upstreams.settings import ClientSettings

_NAMES = {
    "sub": "id",
    "preferred_username": "username",
    "name": "name",
    "picture": "profile_image_url",
    "email": "confirmed_email",
}


class XSettings(ClientSettings):
    """An app of X's; ``email``: it may ask for addresses."""

    email: StrictBool = False


class XConnector(OAuthConnector):
    """A connection to X."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: XSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))
        fields = "profile_image_url" + ",confirmed_email" * settings.email
        self._user = f"https://api.x.com/2/users/me?user.fields={fields}"

    async def _person(self, access_token: str) -> Mapping[str, Any]:
        told = (await self._object(self._user, access_token)).get("data")
        claims = claims_of(told if isinstance(told, dict) else {}, _NAMES)
        if "email" in claims:
            claims["email_verified"] = True
        return claims


def _profile(settings: XSettings) -> OAuthProfile:
    email = ("users.email",) if settings.email else ()
    return OAuthProfile(
        issuer="https://x.com",
        authorization_endpoint="https://x.com/i/oauth2/authorize",
        token_endpoint="https://api.x.com/2/oauth2/token",
        credentials=credentials_of(settings, "client_secret_basic"),
        scopes=("users.read", "tweet.read", *email, *settings.scopes),
    )


X = MadeKind("x", "X", XSettings, XConnector)
