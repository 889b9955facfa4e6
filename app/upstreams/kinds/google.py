"""Google: one organization's accounts by ``hd``, refresh tokens by ``access_type``.

developers.google.com/identity/openid-connect/openid-connect: the ``hd`` of a request
only chooses what is shown, so that the one in the ID token is what counts.
developers.google.com/identity/gsi/web/guides/verify-google-id-token: of an address that
is neither Gmail's nor in an account with ``hd``, ``email_verified`` says that somebody
read its mail when the account was made; whose it is by now Google does not know.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import StrictBool

from app.upstreams.kind import IDENTIFYING, MadeKind, credentials_of
from app.upstreams.openid import OpenIdConnector, OpenIdProfile
from app.upstreams.protocol import ConnectionConfig, Reason, Refused, Surroundings
from app.upstreams.settings import ClientSettings, Host
from app.upstreams.values import shown

ISSUER = "https://accounts.google.com"
_MAIL = ("@gmail.com", "@googlemail.com")  # addresses that it gives itself


class GoogleSettings(ClientSettings):
    """A client of Google's.

    ``hosted_domain``: only accounts of this Workspace organization. ``offline``: a
    refresh token is asked for, so that what ends there ends here.
    """

    hosted_domain: Host | None = None
    offline: StrictBool = False


class Google(OpenIdConnector):
    """A connection to Google."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: GoogleSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))
        self._domain = settings.hosted_domain

    def _read_person(
        self, claims: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> Mapping[str, Any]:
        domain = claims.get("hd")
        if self._domain is not None and domain != self._domain:
            raise Refused(Reason.NOT_ADMITTED, f"hd is {shown(domain)}")
        return {**claims, "email_verified": _is_verified(claims)}


def _is_verified(claims: Mapping[str, Any]) -> bool:
    """Tell whether an address is its person's now, and not only was once."""
    if claims.get("email_verified") is not True:
        return False
    domain, email = claims.get("hd"), claims.get("email")
    is_hosted = isinstance(domain, str) and bool(domain)
    return is_hosted or str(email).lower().endswith(_MAIL)


def _profile(settings: GoogleSettings) -> OpenIdProfile:
    parameters: dict[str, str] = {}
    if settings.hosted_domain is not None:
        parameters["hd"] = settings.hosted_domain
    if settings.offline:
        parameters["access_type"] = "offline"
    return OpenIdProfile(
        issuer=ISSUER,
        credentials=credentials_of(settings),
        scopes=(*IDENTIFYING, *settings.scopes),
        parameters=parameters,
        domain="hd",
        again="select_account",  # it knows no ``login``, and tells no ``auth_time``
    )


GOOGLE = MadeKind("google", "Google", GoogleSettings, Google)
