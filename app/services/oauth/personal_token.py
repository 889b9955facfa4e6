"""What APIs that ask are told of personal access tokens (ADR-0086)."""

from app.oauth.acr import acr_of
from app.oauth.clients.client import Client
from app.oauth.introspection import KnownToken
from app.oauth.tokens import own_api
from app.policies.permission import permissions_of
from app.policies.personal_token import ACCOUNT_READ, ACCOUNT_WRITE, narrowed
from app.policies.second_factor import roles_that_count
from app.services.clients.provider import Provider
from app.services.oauth.person import subject_of
from app.utils.personal_token import digest_of


async def known_personal_token(
    provider: Provider, token: str, caller: Client
) -> KnownToken | None:
    """Return a live token as an access token has it, or None.

    It is for our own API and for those that the operator names; nobody else is told.
    Its scope is what it may do at this moment, so that a role that was taken away
    counts no more anywhere.

    Args:
        provider: The process.
        token: As it was shown.
        caller: Who asks; ``sub`` is the person as it knows them.
    """
    settings, now, digest = provider.settings, provider.clock.now(), digest_of(token)
    if digest is None or not settings.personal_tokens.enabled:
        return None
    row = await provider.personal_tokens.find(digest, now)
    if row is None:
        return None
    roles = await provider.personal_tokens.roles_of(row.token_id)
    counted = permissions_of(roles_that_count(roles, settings.mfa))
    asked = row.scope.split()
    may = narrowed(counted, asked) | {ACCOUNT_READ, ACCOUNT_WRITE}
    claims = {
        "iss": settings.public_url,
        "sub": subject_of(row.id, caller, provider.secret_key),
        "aud": [own_api(settings.public_url), *settings.personal_tokens.audiences],
        "scope": [name for name in asked if name in may],
        "exp": int(row.expires_at.timestamp()),
        "iat": int(row.made_at.timestamp()),
        "jti": str(row.token_id),
        "acr": acr_of(row.amr),
        "amr": row.amr,
    }
    return KnownToken("access_token", claims)
