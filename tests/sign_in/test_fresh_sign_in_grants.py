"""Signing in again where applications are signed in to already."""

from typing import Any
from uuid import UUID

import pytest

from app.core import jose
from app.models import OAuthGrant
from app.oauth.interaction import Step
from app.services.oauth.authorization import AuthorizationService
from app.services.oauth.outcome import Due
from app.services.server.runtime import Runtime
from tests.factories.oauth import (
    REDIRECT_URI,
    VERIFIER,
    Application,
    ApplicationFactory,
)
from tests.sign_in.test_fresh_sign_in import used
from tests.support.api import PASSWORD, Api
from tests.support.authorization import Visit, at, query_of, rows, told
from tests.support.browser import signed_in
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.support.session_end import let_in, listener, notices


async def trusted(runtime: Runtime, **metadata: Any) -> Application:
    """Register a client whose consent the administrator gave."""
    columns = {"is_first_party": True}
    return await ApplicationFactory(runtime)(columns=columns, **metadata)


async def tokens(protocol: Protocol, app: Application, code: str) -> dict[str, Any]:
    """Exchange a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    answer = await protocol.token(app, form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "60"}])
async def test_a_sign_in_for_one_application_is_no_end_for_another(
    protocol: Protocol,
    runtime: Runtime,
    browser: Visit,
    clock: FakeClock,
    asked: dict[str, str],
) -> None:
    person = await protocol.api.person()
    uri = "https://app.example.com/logout"
    shop = await trusted(runtime, backchannel_logout_uri=uri)
    bank = await trusted(runtime, backchannel_logout_uri=uri)
    await browser.arrive(person.email)
    code = told(await browser.ask(shop))["code"]
    first = await tokens(protocol, shop, code)
    clock.advance(minutes=10)

    assert at(await browser.ask(bank, **asked)) == "/signin"
    code = told(await browser.sign_in(person.email))["code"]
    second = await tokens(protocol, bank, code)
    refreshed = await protocol.refresh(shop, first["refresh_token"])

    assert refreshed.status_code == 200, refreshed.text
    assert await notices(runtime) == []
    before, new, again = (
        jose.unverified_claims(each["id_token"])
        for each in (first, second, refreshed.json())
    )
    assert before["sid"] == new["sid"] == again["sid"]
    assert again["auth_time"] == before["auth_time"]  # OIDC Core §12.2
    assert new["auth_time"] == before["auth_time"] + 600 == clock.now().timestamp()
    fresh = refreshed.json()["access_token"]
    assert (await protocol.userinfo(fresh)).status_code == 200


async def test_grants_keep_their_own_end(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)
    app = await listener(runtime)
    grant_id: UUID = await let_in(runtime, app, user.id, used(before).session_id)
    [granted] = await rows(runtime, OAuthGrant)
    clock.advance(days=1)

    await signed_in(runtime, user.email, browser=before)

    [kept] = await rows(runtime, OAuthGrant)
    assert (kept.id, kept.revoked_at) == (grant_id, None)
    assert kept.expires_at == granted.expires_at
    assert kept.authenticated_at == granted.authenticated_at


async def test_a_sign_in_in_the_instant_of_the_request_counts_once(
    runtime: Runtime, api: Api, browser: Visit
) -> None:
    """Each request that demands a sign-in gets one; the clock stands still."""
    person, shop = await api.person(), await trusted(runtime)
    await browser.arrive(person.email)

    for _ in range(2):
        assert at(await browser.ask(shop, prompt="login")) == "/signin"
        assert told(await browser.sign_in(person.email))["code"]

    assert at(await browser.ask(shop, prompt="login")) == "/signin"


async def test_t112_a_request_under_way_with_the_old_cookie_is_granted_nothing(
    api: Api, runtime: Runtime
) -> None:
    user, shop = await api.users.with_password(PASSWORD), await trusted(runtime)
    before = await signed_in(runtime, user.email)  # read, and then waiting
    after = await signed_in(runtime, user.email, browser=before)
    query = "&".join(f"{k}={v}" for k, v in query_of(shop).items()).encode()
    service = AuthorizationService(runtime)

    stale = await service.begin(query, before)
    good = await service.begin(query, after)

    assert isinstance(stale, Due) and stale.step is Step.LOGIN
    assert not isinstance(good, Due)
    assert len(await rows(runtime, OAuthGrant)) == 1
