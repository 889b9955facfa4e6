"""Codes: what is written when one is issued."""

from datetime import timedelta

import pytest

from app.models import OAuthGrant, OneTimeToken
from app.services.one_time.token import Purpose
from tests.factories.oauth import (
    CHALLENGE,
    REDIRECT_URI,
    ApplicationFactory,
    CodeFactory,
)
from tests.support.api import Api


@pytest.mark.parametrize(
    ("scope", "is_offline", "idle", "absolute"),
    [
        ("openid email", False, "idle_ttl", "absolute_ttl"),
        (
            "openid offline_access",
            True,
            "offline_idle_ttl",
            "offline_absolute_ttl",
        ),
    ],
)
async def test_a_code_and_its_grant_are_written_together(
    api: Api, scope: str, is_offline: bool, idle: str, absolute: str
) -> None:
    runtime, user = api.runtime, await api.users()
    app = await ApplicationFactory(runtime)()
    claims = {"id_token": {"email": {"essential": True}}}

    issued = await CodeFactory(runtime)(app, user, scope, claims=claims)

    async with runtime.database.session(read_only=True) as db:
        token = await db.get_one(OneTimeToken, issued.grant_id)
        grant = await db.get_one(OAuthGrant, issued.grant_id)
    now, settings = runtime.clock.now(), runtime.settings.oauth
    assert token.purpose == Purpose.AUTHORIZATION_CODE
    assert (token.subject, token.user_id) == (app.client_id, user.id)
    assert token.expires_at == now + timedelta(seconds=settings.code_ttl)
    assert token.data == {
        "redirect_uri": REDIRECT_URI,
        "code_challenge": CHALLENGE,
        "nonce": "n-0S6_WzA2Mj",
    }
    assert (grant.client_id, grant.user_id) == (app.client_id, user.id)
    assert (grant.scope, grant.is_offline) == (scope, is_offline)
    assert (grant.claims, grant.amr, grant.acr) == (claims, "pwd", "aal1")
    assert grant.redeemed_at is None and grant.counter == 0
    lives = timedelta(seconds=getattr(settings, absolute))
    assert grant.absolute_expires_at == now + lives
    unused = timedelta(seconds=getattr(settings, idle))
    assert grant.expires_at == now + min(unused, lives)
