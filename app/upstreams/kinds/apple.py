"""Apple: an answer by form, a name that is told once, a secret that is signed.

developer.apple.com/documentation/signinwithapplerestapi, "Request an authorization" and
"Creating a client secret": who asks for name or address is answered by ``form_post``;
``user`` comes with the first answer only, and by the person's browser; the secret is a
JWT by ES256; there is no userinfo; truth values may be texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from app.upstreams.client_authentication import (
    ClientCredentials,
    SigningKey,
    read_signing_key,
    sign,
)
from app.upstreams.kind import MadeKind
from app.upstreams.openid import OpenIdConnector, OpenIdProfile
from app.upstreams.protocol import ConnectionConfig, Surroundings, UpstreamSettings
from app.upstreams.settings import PrivateKey, Word
from app.upstreams.values import text

ISSUER = "https://appleid.apple.com"
_SECRET_TTL = timedelta(minutes=5)  # six months are allowed, and nobody needs them
_MAX_USER = 4_096
_MAX_NAME = 200


class AppleSettings(UpstreamSettings):
    """A client of Apple's, and the key of its team.

    ``client_id``: the Services ID. ``private_key``: the file ``AuthKey_….p8``, whose
    name has ``key_id``.
    """

    client_id: Word
    team_id: Word
    key_id: Word
    private_key: PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials(ClientCredentials):
    """A secret that is made when it is needed."""

    team_id: str
    signing: SigningKey

    def prove(
        self, endpoint: str, offered: tuple[str, ...], world: Surroundings
    ) -> tuple[dict[str, str], dict[str, str]]:
        now = world.clock.now()
        claims = {
            "iss": self.team_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "iat": int(now.timestamp()),
            "exp": int((now + _SECRET_TTL).timestamp()),
        }
        secret = sign(claims, self.signing)
        return {}, {"client_id": self.client_id, "client_secret": secret}


class Apple(OpenIdConnector):
    """A connection to Apple."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: AppleSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))

    def _read_person(
        self, claims: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return claims, and the name: it came by the browser, so it is but a name."""
        is_verified = claims.get("email_verified") in (True, "true")
        names = _names(parameters.get("user", ""))
        return {**names, **claims, "email_verified": is_verified}


def _names(user: str) -> dict[str, str]:
    if len(user) > _MAX_USER:
        return {}
    try:
        told = orjson.loads(user).get("name")
    except (orjson.JSONDecodeError, AttributeError):
        return {}
    told = told if isinstance(told, dict) else {}
    given = text(told, "firstName", _MAX_NAME)
    family = text(told, "lastName", _MAX_NAME)
    whole = " ".join(filter(None, (given, family)))
    found = {"given_name": given, "family_name": family, "name": whole}
    return {claim: value for claim, value in found.items() if value}


def _profile(settings: AppleSettings) -> OpenIdProfile:
    pem = settings.private_key.get_secret_value()
    return OpenIdProfile(
        issuer=ISSUER,
        credentials=_Credentials(
            client_id=settings.client_id,
            team_id=settings.team_id,
            signing=read_signing_key(pem, settings.key_id),
        ),
        scopes=("openid", "name", "email"),
        parameters={"response_mode": "form_post"},
        has_pkce=False,  # no document of Apple's knows it; the nonce does the work
        asks_userinfo=False,
        again=None,
    )


# "Verifying a user": whoever asks more than once a day may be throttled.
APPLE = MadeKind("apple", "Apple", AppleSettings, Apple, asks_at_least=86_400)
