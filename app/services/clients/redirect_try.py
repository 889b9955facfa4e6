"""Whether a redirect URI would be accepted, said before anybody is sent there."""

from dataclasses import dataclass, replace

from app.models.oauth.client import OAuthClient
from app.oauth.clients.redirect_uri import match_redirect_uri, why_not
from app.oauth.errors import OAuthError
from app.oauth.uri import encode
from app.services.clients.directory import engine_client
from app.services.clients.provider import Provider


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a redirect URI.

    Attributes:
        sent: As it was typed.
        matches: Whether the authorization endpoint takes it.
        difference: What was sent, what is registered, and which parts differ, in the
            words that the audit trail keeps of a refusal.
        unfit: Why it could not even be registered; empty if it could.
        sign_in: Address that begins a real sign-in with it; empty if it does not match.
    """

    sent: str
    matches: bool
    difference: str = ""
    unfit: str = ""
    sign_in: str = ""


def try_redirect_uri(provider: Provider, row: OAuthClient, sent: str) -> Tried:
    """Judge a redirect URI by the rules of the authorization endpoint itself.

    Of a disabled client too: it says what would be, once it is enabled.
    """
    is_development = not provider.settings.is_production
    schemes = provider.supported.private_schemes
    client = replace(engine_client(row, ()), private_schemes=schemes)
    try:
        match_redirect_uri(sent, client, development=is_development)
    except OAuthError as refusal:
        unfit = why_not(sent, client.application_type, is_development, schemes)
        return Tried(sent, False, refusal.hint, unfit or "")
    return Tried(sent, True, sign_in=_sign_in(provider, row, sent))


def _sign_in(provider: Provider, row: OAuthClient, redirect_uri: str) -> str:
    """Return an authorization request; its code is of use to nobody.

    The challenge is of a verifier that was never made, so whatever the application does
    with the answer, no token comes of it.
    """
    signs_in = "openid" in row.document.get("scope", "").split()
    asked = {
        "client_id": row.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": "redirect-test",
        "code_challenge": provider.randomness.token(),
        "code_challenge_method": "S256",
        **({"scope": "openid"} if signs_in else {}),
    }
    return f"{provider.settings.public_url}/oauth2/authorize?{encode(asked)}"
