"""Authorization codes: issued together with the grant that they become (ADR-0011)."""

from datetime import timedelta
from uuid import UUID

from app.core.secret_key import SecretKey
from app.models.oauth.grant import OAuthGrant
from app.models.one_time_token import OneTimeToken
from app.oauth.authorize import AuthorizationRequest
from app.oauth.grants.authorization_code import FIRST_COUNTER
from app.oauth.ports import Authentication
from app.oauth.scopes import OFFLINE_ACCESS
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.token import Purpose
from app.setting_groups import OAuthSettings


async def issue_code(
    uow: UnitOfWork,
    secret_key: SecretKey,
    settings: OAuthSettings,
    request: AuthorizationRequest,
    authentication: Authentication,
) -> str:
    """Return a new code; it and its grant are written with the transaction of ``uow``.

    Args:
        uow: The caller's transaction.
        secret_key: What the code is derived with.
        settings: How long it and its grant live.
        request: What is granted. Where the person agreed to less than was asked for,
            its ``scope`` and ``claims`` are that (``dataclasses.replace``).
        authentication: Who agreed, and how they signed in.
    """
    grant_id = uow.randomness.uuid7()
    uow.one_time_tokens.add(_code(uow, settings, request, authentication, grant_id))
    uow.oauth_grants.add(new_grant(uow, settings, request, authentication, grant_id))
    await uow.db.flush()  # a client that was deleted meanwhile shows here
    return secret_key.one_time_token(Purpose.AUTHORIZATION_CODE, grant_id)


def _code(
    uow: UnitOfWork,
    settings: OAuthSettings,
    request: AuthorizationRequest,
    authentication: Authentication,
    grant_id: UUID,
) -> OneTimeToken:
    now = uow.clock.now()
    return OneTimeToken(
        id=grant_id,
        purpose=Purpose.AUTHORIZATION_CODE,
        user_id=authentication.user_id,
        subject=request.client.client_id,
        data={
            "redirect_uri": request.redirect_uri_sent,
            "code_challenge": request.code_challenge,
            "nonce": request.nonce,
        },
        attempts=0,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.code_ttl),
        consumed_at=None,
    )


def new_grant(
    uow: UnitOfWork,
    settings: OAuthSettings,
    request: AuthorizationRequest,
    authentication: Authentication,
    grant_id: UUID,
) -> OAuthGrant:
    """Return a grant that begins to count when its code is redeemed."""
    now = uow.clock.now()
    idle, absolute = lifetimes(settings, request.scope)
    return OAuthGrant(
        id=grant_id,
        client_id=request.client.client_id,
        user_id=authentication.user_id,
        session_id=authentication.session_id,
        is_offline=OFFLINE_ACCESS in request.scope,
        scope=" ".join(request.scope),
        claims={where: dict(names) for where, names in request.claims.items()},
        resources=" ".join(one.identifier for one in request.resources) or None,
        acr=authentication.acr,
        amr=" ".join(authentication.amr),
        authenticated_at=authentication.authenticated_at,
        counter=FIRST_COUNTER,
        created_at=now,
        redeemed_at=None,
        refreshed_at=now,
        expires_at=now + min(idle, absolute),
        absolute_expires_at=now + absolute,
        revoked_at=None,
        revoked_reason=None,
    )


def lifetimes(
    settings: OAuthSettings, scope: tuple[str, ...]
) -> tuple[timedelta, timedelta]:
    """Return how long a grant lives unused, and how long at most."""
    if OFFLINE_ACCESS in scope:
        idle, absolute = settings.offline_idle_ttl, settings.offline_absolute_ttl
    else:
        idle, absolute = settings.idle_ttl, settings.absolute_ttl
    return timedelta(seconds=idle), timedelta(seconds=absolute)
