"""Discord: OAuth, with an address that says itself if it is ``verified``.

docs.discord.com/developers, "OAuth2" and "User resource": ``id`` is a snowflake in a
text; ``username`` may change hands.
"""

from collections.abc import Mapping
from typing import Any

from app.upstreams.kind import MadeKind, credentials_of
from app.upstreams.oauth import OAuthConnector, OAuthProfile, claims_of
from app.upstreams.protocol import ConnectionConfig, Surroundings
from app.upstreams.settings import ClientSettings

_NAMES = {
    "sub": "id",
    "preferred_username": "username",
    "name": "global_name",
    "locale": "locale",
    "email": "email",
    "email_verified": "verified",
}


class Discord(OAuthConnector):
    """A connection to Discord."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: ClientSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))

    async def _person(self, access_token: str) -> Mapping[str, Any]:
        told = await self._object("https://discord.com/api/users/@me", access_token)
        return claims_of(told, _NAMES)


def _profile(settings: ClientSettings) -> OAuthProfile:
    return OAuthProfile(
        issuer="https://discord.com",
        authorization_endpoint="https://discord.com/oauth2/authorize",
        token_endpoint="https://discord.com/api/oauth2/token",
        credentials=credentials_of(settings, "client_secret_basic"),
        scopes=("identify", "email", *settings.scopes),
    )


DISCORD = MadeKind("discord", "Discord", ClientSettings, Discord)
