"""Auth0: an issuer that ends in a slash.

auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery.
"""

from collections.abc import Mapping

from app.upstreams.kind import IDENTIFYING, credentials_of, openid_kind
from app.upstreams.openid import OpenIdProfile
from app.upstreams.settings import ClientSettings, Host


class Auth0Settings(ClientSettings):
    """An application of Auth0's; ``domain``: ``example.eu.auth0.com``, or one's own."""

    domain: Host

    @property
    def issuer(self) -> str:
        """As its metadata says it."""
        return f"https://{self.domain}/"

    def called(self) -> Mapping[str, str]:
        """Return the issuer."""
        return {"domain": self.issuer}


def _profile(settings: Auth0Settings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer=settings.issuer,
        credentials=credentials_of(settings),
        scopes=(*IDENTIFYING, *settings.scopes),
    )


AUTH0 = openid_kind("auth0", "Auth0", Auth0Settings, _profile)
