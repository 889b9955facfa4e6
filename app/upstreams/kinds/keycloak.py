"""Keycloak: one issuer a realm, at the server's address or below a path of it.

www.keycloak.org/securing-apps/oidc-layers; ``groups`` needs a mapper in the realm.
"""

from collections.abc import Mapping

from app.upstreams.kind import IDENTIFYING, credentials_of, openid_kind
from app.upstreams.openid import OpenIdProfile
from app.upstreams.settings import BaseUrl, ClientSettings, Word


class KeycloakSettings(ClientSettings):
    """A client in a realm; ``url``: of the server, with ``/auth`` where it has that."""

    url: BaseUrl
    realm: Word

    @property
    def issuer(self) -> str:
        """As its metadata says it."""
        return f"{self.url}/realms/{self.realm}"

    def called(self) -> Mapping[str, str]:
        """Return the issuer."""
        return {"url": self.issuer}


def _profile(settings: KeycloakSettings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer=settings.issuer,
        credentials=credentials_of(settings),
        scopes=(*IDENTIFYING, *settings.scopes),
    )


KEYCLOAK = openid_kind("keycloak", "Keycloak", KeycloakSettings, _profile)
