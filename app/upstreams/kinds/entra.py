"""Microsoft Entra ID: many issuers behind one address, and addresses nobody verified.

learn.microsoft.com/entra/identity-platform, "ID token claims reference", "Access
tokens" (validate the issuer) and "Optional claims": the metadata of ``common`` has a
template for an issuer, to be filled with the tenant in ``tid``; a key may be for one
issuer only; ``oid`` with ``tid`` is who somebody is, while ``sub`` changes with the
client; ``email`` is what an administrator wrote, unless ``xms_edov`` says otherwise.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr

from app.core import jose
from app.upstreams.kind import IDENTIFYING, MadeKind, credentials_of
from app.upstreams.metadata import DISCOVERY, Metadata
from app.upstreams.openid import OpenIdConnector, OpenIdProfile
from app.upstreams.protocol import ConnectionConfig, Reason, Refused, Surroundings
from app.upstreams.settings import ClientSettings
from app.upstreams.values import shown

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IS_GUID = re.compile(_GUID)
_TEMPLATE = "{tenantid}"
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of Microsoft accounts
Tenant = Annotated[StrictStr, Field(pattern=rf"^{_GUID}$")]
AnyTenant = Annotated[
    StrictStr, Field(pattern=rf"^(common|organizations|consumers|{_GUID})$")
]
_EDOV = (True, 1, "1", "true")  # all of these are seen in xms_edov


class EntraSettings(ClientSettings):
    """A client of Entra ID.

    ``tenant``: the identifier of the one tenant; or ``organizations`` for any,
    ``consumers`` for Microsoft accounts, ``common`` for both, of which ``tenants`` may
    leave some only. ``cloud``: where the tenant lives.
    """

    tenant: AnyTenant
    tenants: Annotated[tuple[Tenant, ...], Field(max_length=100)] = ()
    cloud: Literal[
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
    ] = "login.microsoftonline.com"


class Entra(OpenIdConnector):
    """A connection to Entra ID."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, settings: EntraSettings
    ) -> None:
        """Call nobody yet."""
        super().__init__(config, world, _profile(settings))
        self._tenants = settings.tenants

    def _issuer(self, metadata: Metadata, claims: Mapping[str, Any]) -> str:
        return metadata.issuer.replace(_TEMPLATE, _tenant(claims))

    def _is_answer_of(self, metadata: Metadata, issuer: str) -> bool:
        before, _, after = metadata.issuer.partition(_TEMPLATE)
        if not after:
            return issuer == metadata.issuer
        tenant = issuer.removeprefix(before).removesuffix(after)
        return issuer == before + tenant + after and bool(_IS_GUID.fullmatch(tenant))

    def _keys_for(self, keys: Mapping[str, Any], id_token: str) -> Mapping[str, Any]:
        """Return the keys of the token's tenant: others must not sign for it."""
        claims = jose.unverified_claims(id_token)
        issuer, tenant = claims.get("iss"), str(claims.get("tid"))
        fitting = [
            jwk
            for jwk in keys["keys"]
            if isinstance(jwk, dict)
            and str(jwk.get("issuer", issuer)).replace(_TEMPLATE, tenant) == issuer
        ]
        return {"keys": fitting}

    def _subject(self, claims: Mapping[str, Any]) -> str:
        user = claims.get("oid")
        if not isinstance(user, str) or not _IS_GUID.fullmatch(user):
            raise Refused(Reason.MALFORMED, f"oid is {shown(user)}")
        return f"{_tenant(claims)}.{user}"

    def _read_person(
        self, claims: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> Mapping[str, Any]:
        tenant = _tenant(claims)
        if self._tenants and tenant not in self._tenants:
            raise Refused(Reason.NOT_ADMITTED, f"tid is {tenant}")
        return {**claims, "email_verified": claims.get("xms_edov") in _EDOV}


def _tenant(claims: Mapping[str, Any]) -> str:
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or not _IS_GUID.fullmatch(tenant):
        raise Refused(Reason.WRONG_ISSUER, f"tid is {shown(tenant)}")
    return tenant


def _profile(settings: EntraSettings) -> OpenIdProfile:
    at = f"https://{settings.cloud}"
    issuers = {
        "common": _TEMPLATE,
        "organizations": _TEMPLATE,
        "consumers": _PERSONAL,
    }
    issuer = issuers.get(settings.tenant, settings.tenant)
    return OpenIdProfile(
        issuer=f"{at}/{issuer}/v2.0",
        credentials=credentials_of(settings),
        scopes=(*IDENTIFYING, *settings.scopes),
        discovery=f"{at}/{settings.tenant}/v2.0{DISCOVERY}",
        domain="domain_hint",
        asks_userinfo=False,  # Graph tells no more than the token
    )


ENTRA = MadeKind("entra", "Microsoft", EntraSettings, Entra)
