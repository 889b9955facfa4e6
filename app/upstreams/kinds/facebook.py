"""Facebook: OAuth, calls that prove the secret, errors as objects, no verified address.

developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow and
docs/graph-api/guides/secure-requests (``appsecret_proof``): without the proof, a token
that leaked from elsewhere would do. Whether an address was verified is told nowhere.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from app.oauth.uri import encode
from app.upstreams.kind import MadeKind, credentials_of
from app.upstreams.oauth import OAuthConnector, OAuthProfile, claims_of
from app.upstreams.protocol import ConnectionConfig, Surroundings
from app.upstreams.settings import ClientSettings

_VERSION = "v23.0"
_GRAPH = f"https://graph.facebook.com/{_VERSION}"
_NAMES = {
    "sub": "id",
    "name": "name",
    "given_name": "first_name",
    "family_name": "last_name",
    "email": "email",
}


class Facebook(OAuthConnector):
    """A connection to Facebook."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: ClientSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))
        self._secret = settings.client_secret

    async def _person(self, access_token: str) -> Mapping[str, Any]:
        secret = self._secret.get_secret_value().encode()
        query = {
            "fields": ",".join(_NAMES.values()),
            "appsecret_proof": hmac.digest(
                secret, access_token.encode(), "sha256"
            ).hex(),
        }
        told = await self._object(f"{_GRAPH}/me?{encode(query)}", access_token)
        return claims_of(told, _NAMES)


def _profile(settings: ClientSettings) -> OAuthProfile:
    return OAuthProfile(
        issuer="https://www.facebook.com",
        authorization_endpoint=f"https://www.facebook.com/{_VERSION}/dialog/oauth",
        token_endpoint=f"{_GRAPH}/oauth/access_token",
        credentials=credentials_of(settings, "client_secret_post"),
        scopes=("public_profile", "email", *settings.scopes),
        has_pkce=False,  # the manual flow knows it with ``openid`` only
    )


FACEBOOK = MadeKind("facebook", "Facebook", ClientSettings, Facebook)
