"""Okta: the issuer is the organization, or one of its authorization servers.

developer.okta.com/docs/concepts/auth-servers: ``groups`` needs the scope of that name,
and a claim that the administrator adds.
"""

from collections.abc import Mapping

from app.upstreams.kind import IDENTIFYING, credentials_of, openid_kind
from app.upstreams.openid import OpenIdProfile
from app.upstreams.settings import ClientSettings, Host, Word


class OktaSettings(ClientSettings):
    """An app integration of Okta's.

    ``domain``: of the organization, such as ``example.okta.com``.
    ``authorization_server``: its identifier, such as ``default``; without it, the
    organization itself.
    """

    domain: Host
    authorization_server: Word | None = None

    @property
    def issuer(self) -> str:
        """As its metadata says it."""
        server = self.authorization_server
        return f"https://{self.domain}" + (f"/oauth2/{server}" if server else "")

    def called(self) -> Mapping[str, str]:
        """Return the issuer."""
        return {"domain": self.issuer}


def _profile(settings: OktaSettings) -> OpenIdProfile:
    return OpenIdProfile(
        issuer=settings.issuer,
        credentials=credentials_of(settings),
        scopes=(*IDENTIFYING, *settings.scopes),
    )


OKTA = openid_kind("okta", "Okta", OktaSettings, _profile)
