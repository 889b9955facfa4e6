"""Any OpenID provider, told by its issuer."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import StrictBool, model_validator

from app.upstreams.client_authentication import (
    ClientCredentials,
    Method,
    SigningKey,
    read_signing_key,
)
from app.upstreams.kind import IDENTIFYING, openid_kind
from app.upstreams.openid import OPENID, OpenIdProfile
from app.upstreams.protocol import UpstreamSettings
from app.upstreams.settings import PrivateKey, Scopes, Secret, Url, Word


class OidcSettings(UpstreamSettings):
    """An OpenID provider, and the client that this service is there.

    ``issuer``: in every character, as its discovery document has it. Either
    ``client_secret``, sent as ``authentication`` says or else as the provider offers,
    or ``private_key`` in PEM (P-256, RSA or Ed25519), called ``key_id`` there.
    ``assertion_audience``: what assertions by that key are for; the token endpoint, or
    the issuer. ``userinfo``: whether it is asked besides the ID token.
    """

    issuer: Url
    client_id: Word
    client_secret: Secret | None = None
    authentication: Method | None = None
    private_key: PrivateKey | None = None
    key_id: Word | None = None
    assertion_audience: Literal["token_endpoint", "issuer"] = "token_endpoint"
    scopes: Scopes = IDENTIFYING
    response_mode: Literal["query", "form_post"] = "query"
    userinfo: StrictBool = True

    def called(self) -> Mapping[str, str]:
        """Return the issuer."""
        return {"issuer": self.issuer}

    @model_validator(mode="after")
    def _prove_once(self) -> Self:
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("client_secret or private_key is required, and not both")
        by_key = self.authentication in (None, "private_key_jwt")
        by_secret = self.authentication != "private_key_jwt"
        if not (by_secret if self.client_secret else by_key):
            raise ValueError("authentication does not go with what is there to prove")
        if OPENID not in self.scopes:
            raise ValueError("scopes must have openid among them")
        return self


def _key(settings: OidcSettings) -> SigningKey | None:
    if settings.private_key is None:
        return None
    return read_signing_key(settings.private_key.get_secret_value(), settings.key_id)


def _credentials(settings: OidcSettings) -> ClientCredentials:
    is_issuer = settings.assertion_audience == "issuer"
    return ClientCredentials(
        client_id=settings.client_id,
        secret=settings.client_secret,
        key=_key(settings),
        method=settings.authentication,
        audience=settings.issuer if is_issuer else None,
    )


def _profile(settings: OidcSettings) -> OpenIdProfile:
    posts = settings.response_mode == "form_post"
    return OpenIdProfile(
        issuer=settings.issuer,
        credentials=_credentials(settings),
        scopes=settings.scopes,
        parameters={"response_mode": "form_post"} if posts else {},
        asks_userinfo=settings.userinfo,
    )


OIDC = openid_kind("oidc", "OpenID Connect", OidcSettings, _profile)
