"""Signing out with an ID token alone: what ends, who is told, and what is said."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.models import AuditEvent, OAuthGrant
from app.oauth.subject import session_for, subject_for
from app.services.oauth.consent import OAuthConsentService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import ALL, Visit, redeem, told
from tests.support.browser import cookies_of
from tests.support.chance import FakeClock
from tests.support.logout import (
    BACK,
    FRAME,
    FROM_ELSEWHERE,
    PATH,
    Visitor,
    hint,
    is_question,
    refusals,
    shop,
    visitor,
)
from tests.support.page import Page
from tests.support.session_end import LOGOUT_URI, let_in
from tests.support.session_end import told as told_by_back_channel

HOOK: dict[str, Any] = {"backchannel_logout_uri": LOGOUT_URI}


@pytest.fixture
def oauth() -> dict[str, object]:
    return {}


@pytest.fixture
def options(oauth: dict[str, object]) -> dict[str, object]:
    return {"oauth": oauth}


def nobody(api: Api) -> Visitor:
    """Return a program, or a browser, that has no cookie of ours."""
    return Visitor(api, Browser())


async def ask(api: Api, params: dict[str, str], method: str = "GET") -> Response:
    """Ask as a server does: without cookies, and without what browsers add."""
    if method == "GET":
        return await api.client.get(PATH, params=params)
    return await api.client.post(PATH, data=params)


async def is_live(runtime: Runtime, grant_id: Any) -> bool:
    async with runtime.database.session(read_only=True) as db:
        return (await db.get_one(OAuthGrant, grant_id)).revoked_at is None


async def events(runtime: Runtime) -> list[dict[str, Any]]:
    query = select(AuditEvent.data).where(AuditEvent.name == "oauth_logout.by_hint")
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(query.order_by(AuditEvent.id)))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_id_token_without_a_cookie_ends_all_that_the_person_notices(
    api: Api, browser: Visit, applications: ApplicationFactory, method: str
) -> None:
    """OIDC RP-Initiated Logout §2: as Keycloak and oauth2-proxy ask from a server."""
    app = await applications(post_logout_redirect_uris=[BACK], scope="openid email")
    await browser.arrive((await api.person()).email)
    await browser.ask(app, scope="openid email")
    tokens = await redeem(api, app, told(await browser.decide("allow"))["code"])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    before = await api.client.get("/oauth2/userinfo", headers=bearer)

    params = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BACK}
    answer = await ask(api, params, method)

    userinfo = await api.client.get("/oauth2/userinfo", headers=bearer)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = await api.client.post("/oauth2/token", data=form, headers=app.basic)
    quiet = told(await browser.ask(app, scope="openid email", prompt="none"))
    assert before.status_code == 200
    assert (answer.status_code, answer.headers["location"]) == (303, BACK)
    assert userinfo.status_code == 401
    assert refreshed.json()["error"] == "invalid_grant"
    assert quiet["error"] == "login_required"


async def test_all_who_were_in_the_session_are_told_with_the_end_itself(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime, **HOOK)
    other, stranger = await shop(runtime, **HOOK), await visitor(api)
    account = person.account
    for each, client in ((account, app), (account, other), (stranger.account, app)):
        await let_in(runtime, client, each.user_id, each.session_id)

    answer = await ask(api, {"id_token_hint": hint(runtime, app, account)})

    names = (str(account.user_id), str(account.session_id))
    assert "You are signed out" in answer.text and answer.status_code == 200
    assert not await person.is_signed_in() and await stranger.is_signed_in()
    assert await told_by_back_channel(runtime) == sorted(
        (client.client_id, *names) for client in (app, other)
    )
    trail = await api.trail(account.user_id)
    assert {"session.revoked", "oauth_logout.by_hint"} <= set(trail)
    [kept] = await events(runtime)
    assert kept == {
        "client_id": app.client_id,
        "session_id": str(account.session_id),
        "grants": 1,
        "is_session_over": True,
    }


async def test_a_token_that_comes_again_ends_nothing_more(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime, **HOOK)
    await let_in(runtime, app, person.account.user_id, person.account.session_id)
    params = {"id_token_hint": hint(runtime, app, person.account)}

    answers = [await ask(api, params) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(await events(runtime)) == 1
    assert len(await told_by_back_channel(runtime)) == 1


async def test_a_pairwise_client_ends_the_session_that_it_knows_by_another_name(
    api: Api, runtime: Runtime
) -> None:
    """OIDC Core §8.1: the names cannot be turned back, and are found all the same."""
    person, other = await visitor(api), await visitor(api)
    app = await shop(runtime, subject_type="pairwise")
    for each in (other.account, person.account):
        await let_in(runtime, app, each.user_id, each.session_id)
    client = await runtime.clients.by_client_id(app.client_id)
    assert client is not None
    key, account = runtime.secret_key.pairwise, person.account
    names: dict[str, Any] = {
        "sub": subject_for(account.user_id, client, key=key),
        "sid": session_for(account.session_id, client, key=key),
        "auth_time": int(runtime.clock.now().timestamp()),
    }
    foreign = {"sub": subject_for(other.account.user_id, client, key=key)}
    wrong = [hint(runtime, app, account)]  # its own names were never these
    wrong.append(hint(runtime, app, account, **(names | foreign)))
    wrong.append(hint(runtime, app, account, **(names | {"auth_time": 1})))

    for token in wrong:
        await ask(api, {"id_token_hint": token})
        assert await person.is_signed_in() and await other.is_signed_in()
    await ask(api, {"id_token_hint": hint(runtime, app, account, **names)})

    assert not await person.is_signed_in() and await other.is_signed_in()


async def test_a_hint_of_two_people_ends_nothing(api: Api, runtime: Runtime) -> None:
    ann, eve, app = await visitor(api), await visitor(api), await shop(runtime)
    mixed = hint(runtime, app, ann.account, sub=str(eve.account.user_id))

    await ask(api, {"id_token_hint": mixed})

    assert await ann.is_signed_in() and await eve.is_signed_in()


async def _partly(api: Api, runtime: Runtime, app: Application) -> Response:
    """Ask for a client that may end no session; check that it ends its own only."""
    person, other = await visitor(api), await shop(runtime, **HOOK)
    account = person.account
    own = await let_in(runtime, app, account.user_id, account.session_id)
    pending = await let_in(
        runtime, app, account.user_id, account.session_id, is_redeemed=False
    )
    foreign = await let_in(runtime, other, account.user_id, account.session_id)
    params = {
        "id_token_hint": hint(runtime, app, account),
        "post_logout_redirect_uri": BACK,
    }

    answer = await ask(api, params)

    assert await person.is_signed_in() and await is_live(runtime, foreign)
    assert not await is_live(runtime, own) and not await is_live(runtime, pending)
    names = (app.client_id, str(account.user_id), str(account.session_id))
    assert await told_by_back_channel(runtime) == [names]
    [kept] = await events(runtime)
    assert (kept["grants"], kept["is_session_over"]) == (2, False)
    assert "session.revoked" not in await api.trail(account.user_id)
    return answer


class TestWhereAClientEndsItsOwnOnly:
    """AUTH_SERVE_OAUTH__LOGOUT_BY_HINT=client."""

    @pytest.fixture
    def oauth(self) -> dict[str, object]:
        return {"logout_by_hint": "client"}

    async def test_the_session_and_all_others_go_on(
        self, api: Api, runtime: Runtime
    ) -> None:
        answer = await _partly(api, runtime, await shop(runtime, **HOOK))

        assert (answer.status_code, answer.headers["location"]) == (303, BACK)

    async def test_the_page_does_not_say_that_anybody_is_signed_out(
        self, api: Api, runtime: Runtime
    ) -> None:
        person, app = await visitor(api), await shop(runtime, client_name="Shop <b>")
        await let_in(runtime, app, person.account.user_id, person.account.session_id)

        answer = await ask(api, {"id_token_hint": hint(runtime, app, person.account)})

        assert answer.status_code == 200
        assert "You are signed out of <bdi>Shop &lt;b&gt;</bdi>" in answer.text
        assert "the session goes on" in answer.text
        assert await person.is_signed_in()


async def test_a_client_that_nobody_vouches_for_ends_its_own_only(
    api: Api, runtime: Runtime
) -> None:
    strange = {"is_self_registered": True, "vouched_by": "nobody"}
    app = await ApplicationFactory(runtime)(
        columns=strange, post_logout_redirect_uris=[BACK], **HOOK
    )

    answer = await _partly(api, runtime, app)

    assert answer.status_code == 403 and "location" not in answer.headers
    assert "You are signed out</h1>" not in answer.text
    assert BACK in [a.get("href") for a in Page(answer.text).all("a")]
    assert "http-equiv" not in answer.text


async def test_t055_the_hint_of_somebody_else_is_no_agreement_of_who_looks(
    api: Api, runtime: Runtime
) -> None:
    """Who made the client sends others a link with an ID token of their own."""
    mallory, ann = await visitor(api), await visitor(api)
    strange = {"is_self_registered": True, "vouched_by": "nobody"}
    app = await ApplicationFactory(runtime)(
        columns=strange, post_logout_redirect_uris=[BACK]
    )
    async with runtime.unit_of_work() as uow:
        await OAuthConsentService(uow).remember(
            *(mallory.account.user_id, app.client_id, ("openid",), ()),
            place="https://app.example.com:443",
        )
    params = {
        "id_token_hint": hint(runtime, app, mallory.account),
        "post_logout_redirect_uri": BACK,
    }

    unknown, question = await ask(api, params), await ann.get(params)
    answered = await ann.confirm(question)

    assert unknown.status_code == 403 and "location" not in unknown.headers
    assert is_question(question)
    assert answered.status_code == 200 and "http-equiv" not in answered.text


class TestWhereItEndsNothing:
    """AUTH_SERVE_OAUTH__LOGOUT_BY_HINT=off."""

    @pytest.fixture
    def oauth(self) -> dict[str, object]:
        return {"logout_by_hint": "off"}

    async def test_it_is_said_that_nothing_changed(
        self, api: Api, runtime: Runtime
    ) -> None:
        await _refused(api, runtime, await visitor(api), await shop(runtime))


async def _refused(
    api: Api, runtime: Runtime, person: Visitor, app: Application, token: str = ""
) -> None:
    token = token or hint(runtime, app, person.account)
    params = {"id_token_hint": token, "post_logout_redirect_uri": BACK}

    answer = await ask(api, params)

    assert answer.status_code == 400 and "location" not in answer.headers
    assert "Nothing was changed" in answer.text and "signed out" not in answer.text
    assert await person.is_signed_in()
    assert "id_token_hint" in (await refusals(runtime))[-1]["error"]


async def test_a_token_of_long_ago_ends_nothing_without_the_browser(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person, app = await visitor(api), await shop(runtime)
    ttl = runtime.settings.oauth.logout_hint_ttl
    now = int(runtime.clock.now().timestamp())
    old = hint(runtime, app, person.account, iat=now - ttl - 1, exp=now - ttl)
    good = hint(runtime, app, person.account, iat=now - ttl, exp=now - ttl + 1)

    await _refused(api, runtime, person, app, old)
    question = await (await visitor(api)).get({"id_token_hint": old})
    still = await person.is_signed_in()
    await ask(api, {"id_token_hint": good})
    over = await ask(api, {"id_token_hint": old, "post_logout_redirect_uri": BACK})

    assert is_question(question) and still
    assert not await person.is_signed_in()
    assert (over.status_code, over.headers["location"]) == (303, BACK)


async def test_access_for_while_one_is_away_goes_on(api: Api, runtime: Runtime) -> None:
    """OIDC Back-Channel Logout §2.7: offline access is not ended by a sign-out."""
    person, app = await visitor(api), await shop(runtime, scope=ALL)
    account, scope = person.account, "openid offline_access"
    kept = await let_in(runtime, app, account.user_id, account.session_id, scope=scope)

    await ask(api, {"id_token_hint": hint(runtime, app, account)})

    assert not await person.is_signed_in()
    assert await is_live(runtime, kept)


async def test_the_page_frames_who_asked_and_tells_of_nobody_else(
    api: Api, runtime: Runtime
) -> None:
    """Who asks without the browser learns nothing of other applications."""
    person = await visitor(api)
    app = await shop(runtime, frontchannel_logout_uri=FRAME)
    other = await shop(runtime, frontchannel_logout_uri=f"{FRAME}&other=1")
    for each in (app, other):
        await let_in(runtime, each, person.account.user_id, person.account.session_id)

    answer = await ask(api, {"id_token_hint": hint(runtime, app, person.account)})

    [frame] = Page(answer.text).all("iframe")
    url = urlsplit(frame["src"] or "")
    assert parse_qs(url.query)["sid"] == [str(person.account.session_id)]
    assert "other=1" not in answer.text


async def test_what_a_browser_posts_from_elsewhere_waits_for_its_cookie(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime)
    params = {"id_token_hint": hint(runtime, app, person.account)}

    for headers in (FROM_ELSEWHERE, {"Origin": "null"}):
        posted = await api.client.post(PATH, data=params, headers=headers)
        assert posted.status_code == 303 and f"{PATH}?" in posted.headers["location"]
    assert await person.is_signed_in()


async def test_a_cookie_is_no_yes_where_no_browser_says_so(
    api: Api, runtime: Runtime
) -> None:
    """A form without Origin may be anybody's: its cookie counts for nothing."""
    ann, eve, app = await visitor(api), await visitor(api), await shop(runtime)
    token = hint(runtime, app, eve.account)
    [cookie] = cookies_of(ann.browser, runtime)
    answer = await api.client.post(
        PATH, data={"id_token_hint": token}, headers={"Cookie": cookie}
    )

    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert await ann.is_signed_in() and not await eve.is_signed_in()
