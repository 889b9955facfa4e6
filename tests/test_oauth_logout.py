"""``/oauth2/logout``: who is signed out, who is asked, and where browsers go."""

from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.models import AuditEvent, Session
from app.oauth.subject import session_for, subject_for
from app.oauth.tokens import ID_TOKEN_TYPE, LOGOUT_TOKEN_TYPE
from app.services.browser_session import Browser, BrowserAccount
from app.services.runtime import Runtime
from tests.api import PASSWORD, Api
from tests.browser_support import cookies_of, set_cookies, signed_in
from tests.chance import FakeClock
from tests.factories.oauth import Application, ApplicationFactory
from tests.page_support import BROWSER, ORIGIN, Page
from tests.session_end_support import let_in, listener, told

PATH = "/oauth2/logout"
BACK = "https://app.example.com/bye"
FRAME = "https://app.example.com/frame?x=1"
EVIL = "https://evil.example/"
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example.com"}


class Visitor:
    """A browser at the sign-out address."""

    def __init__(self, api: Api, browser: Browser) -> None:
        self._api = api
        self._runtime = api.runtime
        self.browser = browser

    @property
    def account(self) -> BrowserAccount:
        """The account in use."""
        assert self.browser.current is not None
        return self.browser.current

    def _headers(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        [cookie] = cookies_of(self.browser, self._runtime)
        return BROWSER | {"Cookie": cookie} | dict(extra or {})

    async def get(
        self, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Response:
        """Follow a link that an application made."""
        return await self._api.client.get(
            f"{PATH}?{urlencode(params)}", headers=self._headers(headers)
        )

    async def post(
        self, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a form."""
        return await self._api.client.post(
            PATH, data=dict(params), headers=self._headers(headers)
        )

    async def confirm(self, page: Response) -> Response:
        """Press the button of the page that asks."""
        return await self.post(fields(page))

    async def is_signed_in(self, account: BrowserAccount | None = None) -> bool:
        """Tell whether the session lives, from a connection of its own."""
        session_id = (account or self.account).session_id
        async with self._runtime.database.session(read_only=True) as db:
            return (await db.get_one(Session, session_id)).revoked_at is None


def fields(page: Response) -> dict[str, str]:
    """Return what the form of a page would send."""
    inputs = Page(page.text).inputs
    return {name: attributes["value"] or "" for name, attributes in inputs.items()}


def is_question(answer: Response) -> bool:
    return answer.status_code == 200 and "Sign out?" in answer.text


async def visitor(api: Api, people: int = 1) -> Visitor:
    """Return a browser where so many people are signed in."""
    emails = [(await api.users.with_password(PASSWORD)).email for _ in range(people)]
    return Visitor(api, await signed_in(api.runtime, *emails))


async def shop(runtime: Runtime, **metadata: Any) -> Application:
    """Register an application that people come back to."""
    return await ApplicationFactory(runtime)(
        **({"post_logout_redirect_uris": [BACK]} | metadata)
    )


def hint(
    runtime: Runtime, app: Application, account: BrowserAccount, **changed: Any
) -> str:
    """Return an ID token as an application got it."""
    typ = changed.pop("typ", ID_TOKEN_TYPE)
    algorithm = changed.pop("algorithm", "RS256")
    now: datetime = runtime.clock.now()
    issued = int(now.timestamp())
    claims = {
        "iss": runtime.settings.public_url,
        "sub": str(account.user_id),
        "aud": app.client_id,
        "iat": issued,
        "exp": issued + 3_600,
        "sid": str(account.session_id),
    }
    return runtime.signed.sign(claims | changed, algorithm=algorithm, typ=typ, now=now)


def hint_names(account: BrowserAccount) -> dict[str, str]:
    """Return what a public application knows of an account and its session."""
    return {"sub": str(account.user_id), "sid": str(account.session_id)}


async def refusals(runtime: Runtime) -> list[dict[str, Any]]:
    query = select(AuditEvent.data).where(AuditEvent.name == "oauth_logout.refused")
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(query.order_by(AuditEvent.id)))


async def test_who_proves_to_know_the_session_ends_it_and_gets_the_browser_back(
    api: Api, runtime: Runtime
) -> None:
    """OIDC RP-Initiated Logout §2, §3: the way back is registered, and has state."""
    person, app = await visitor(api), await shop(runtime)
    ask = {
        "id_token_hint": hint(runtime, app, person.account),
        "post_logout_redirect_uri": BACK,
        "state": "a b&c",
    }

    answer = await person.get(ask)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{BACK}?state=a%20b%26c"
    assert not await person.is_signed_in()
    assert (
        set_cookies(answer.headers.get_list("Set-Cookie"))["auth_serve_session"][
            "value"
        ]
        == ""
    )
    assert await api.trail(person.account.user_id) == [
        "sign_in.succeeded",
        "session.revoked",
    ]


async def test_an_expired_hint_is_a_hint(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    """OIDC RP-Initiated Logout §2: an ID token that expired is accepted as a hint."""
    person, app = await visitor(api), await shop(runtime)
    token = hint(runtime, app, person.account)

    clock.advance(seconds=86_400)
    answer = await person.get({"id_token_hint": token})

    assert answer.status_code == 200 and "You are signed out" in answer.text
    assert not await person.is_signed_in()


async def test_a_pairwise_client_speaks_of_the_name_that_it_knows(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime, subject_type="pairwise")

    public = await person.get({"id_token_hint": hint(runtime, app, person.account)})

    assert is_question(public)  # the account's id is not what it was told
    assert await person.is_signed_in()

    client = await runtime.clients.by_client_id(app.client_id)
    assert client is not None
    key, account = runtime.secret_key.pairwise, person.account
    names = {
        "sub": subject_for(account.user_id, client, key=key),
        "sid": session_for(account.session_id, client, key=key),
    }
    for name in names:  # one of the two is no proof
        half = names | {name: hint_names(account)[name]}
        token = hint(runtime, app, account, **half)
        assert is_question(await person.get({"id_token_hint": token})), name

    frame = f"{FRAME}&pairwise=1"
    framed = await shop(runtime, subject_type="pairwise", frontchannel_logout_uri=frame)
    await let_in(runtime, framed, account.user_id, account.session_id)
    known = await person.get({"id_token_hint": hint(runtime, app, account, **names)})

    assert not await person.is_signed_in()
    [told] = Page(known.text).all("iframe")
    assert parse_qs(urlsplit(told["src"] or "").query)["sid"] == [names["sid"]]
    assert str(account.session_id) not in known.text


async def test_t065_without_proof_the_person_is_asked_and_nothing_has_changed(
    api: Api, runtime: Runtime
) -> None:
    """OIDC RP-Initiated Logout §2, §6: without a hint the person is asked."""
    person, app = await visitor(api), await shop(runtime, client_name="<b>Shop</b>")
    for ask in (
        {},
        {"client_id": app.client_id},
        {"client_id": app.client_id, "post_logout_redirect_uri": BACK, "state": "s"},
        {"post_logout_redirect_uri": EVIL},
        {"logout_hint": person.account.email},
    ):
        answer = await person.get(ask)

        assert is_question(answer), ask
        assert person.account.email in answer.text
        assert "<b>" not in answer.text
        assert await person.is_signed_in()


async def test_after_the_persons_yes_the_session_ends_and_the_page_leads_back(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime)
    ask = {
        "client_id": app.client_id,
        "post_logout_redirect_uri": BACK,
        "state": '"><script>',
    }

    question = await person.get(ask)
    answer = await person.confirm(question)

    assert answer.status_code == 200
    target = f"{BACK}?{urlencode({'state': ask['state']})}"
    [refresh] = [m for m in Page(answer.text).all("meta") if m.get("http-equiv")]
    assert refresh["content"] == f"0;url={target}"
    assert target in [a["href"] for a in Page(answer.text).all("a")]
    assert "<script" not in question.text + answer.text
    assert not await person.is_signed_in()


async def test_the_hint_of_another_session_asks(api: Api, runtime: Runtime) -> None:
    """OIDC RP-Initiated Logout §2: not this session, so the person is asked."""
    eve, ann, app = await visitor(api), await visitor(api), await shop(runtime)
    ask = {
        "id_token_hint": hint(runtime, app, ann.account),
        "post_logout_redirect_uri": BACK,
    }

    question = await eve.get(ask)
    asked = await eve.is_signed_in()
    answer = await eve.confirm(question)

    assert is_question(question) and asked
    assert eve.account.email in question.text
    assert ann.account.email not in question.text
    assert answer.status_code == 200
    assert not await eve.is_signed_in()
    assert await ann.is_signed_in()  # who holds a hint ends nothing elsewhere


async def test_the_hint_of_an_account_that_is_not_in_use_ends_that_one(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api, 2), await shop(runtime)
    front, behind = person.browser.accounts

    answer = await person.get({"id_token_hint": hint(runtime, app, behind)})

    assert "You are signed out" in answer.text
    assert await person.is_signed_in(front)
    assert not await person.is_signed_in(behind)
    kept = set_cookies(answer.headers.get_list("Set-Cookie"))["auth_serve_session"][
        "value"
    ]
    assert kept == runtime.secret_key.browser_session(front.session_id, 0)


async def test_who_is_not_signed_in_is_led_back_at_once(
    api: Api, runtime: Runtime
) -> None:
    gone, app = await visitor(api), await shop(runtime)
    person = Visitor(api, Browser(value=gone.browser.value))
    token = hint(runtime, app, gone.account)
    back = {"post_logout_redirect_uri": BACK}

    by_hint = await person.get(back | {"id_token_hint": token})
    by_name = await person.get(back | {"client_id": app.client_id})
    by_nobody = await person.get({"post_logout_redirect_uri": BACK})

    assert [by_hint.status_code, by_name.status_code] == [303, 303]
    assert by_hint.headers["Location"] == by_name.headers["Location"] == BACK
    assert by_nobody.status_code == 200 and BACK not in by_nobody.text
    assert await gone.is_signed_in()


@pytest.mark.parametrize("has_hint", [True, False])
async def test_t055_nobody_is_led_where_the_application_is_not_registered(
    api: Api, runtime: Runtime, has_hint: bool
) -> None:
    """OIDC RP-Initiated Logout §2, §3: no redirect that is not registered so."""
    person, app = await visitor(api), await shop(runtime)
    known = {"client_id": app.client_id}
    if has_hint:
        known["id_token_hint"] = hint(runtime, app, person.account)

    for uri in (EVIL, f"{BACK}/", f"{BACK}?a=b", "//evil.example"):
        ask = known | {"post_logout_redirect_uri": uri}
        answer = await person.get(ask, {"Referer": EVIL})

        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert uri not in unescape(answer.text)
        assert answer.headers["X-Request-ID"] in answer.text
        kept = (await refusals(runtime))[-1]
        assert kept["client_id"] == app.client_id
        assert uri in kept["difference"] and BACK in kept["difference"]
    assert await person.is_signed_in()


async def test_t055_an_address_is_followed_for_a_known_application_only(
    api: Api, runtime: Runtime
) -> None:
    person = await visitor(api)
    await shop(runtime)

    question = await person.get({"post_logout_redirect_uri": BACK, "state": "x"})
    answer = await person.confirm(question)

    assert BACK not in answer.text and "Location" not in answer.headers
    assert "You are signed out" in answer.text


async def test_t049_only_id_tokens_of_this_server_are_hints(
    api: Api, runtime: Runtime
) -> None:
    person, app, other = await visitor(api), await shop(runtime), await shop(runtime)
    whole = hint(runtime, app, person.account)
    head, body, _ = whole.split(".")
    flawed = {
        "nonsense": "x",
        "cut": f"{head}.{body}.",
        "changed": f"{whole[:-8]}AAAAAAAA",
        "logout token": hint(runtime, app, person.account, typ=LOGOUT_TOKEN_TYPE),
        "access token": hint(runtime, app, person.account, typ="at+jwt"),
        "issuer": hint(runtime, app, person.account, iss=EVIL),
        "no sid": hint(runtime, app, person.account, sid=None),
    }

    for name, token in flawed.items():
        answer = await person.get({"id_token_hint": token})
        assert answer.status_code == 400, name
    foreign = await person.get({"id_token_hint": whole, "client_id": other.client_id})
    unknown = await person.get({"client_id": "nobody"})

    assert (foreign.status_code, unknown.status_code) == (400, 400)
    assert await person.is_signed_in()
    kept = [each["difference"] for each in await refusals(runtime)]
    assert len(kept) == len(flawed) + 2
    assert all("id_token_hint refused: " in difference for difference in kept[:-1])


async def test_evidence_is_not_as_long_as_a_request(api: Api, runtime: Runtime) -> None:
    person, app = await visitor(api), await shop(runtime)
    told = {"id_token_hint": hint(runtime, app, person.account)}

    answer = await person.get(told | {"client_id": "x" * 20_000})

    assert answer.status_code == 400
    [kept] = await refusals(runtime)
    assert len(kept["difference"]) == 4_000


async def test_refusals_are_kept_as_evidence_up_to_a_limit(
    api: Api, runtime: Runtime
) -> None:
    person, limit = await visitor(api), runtime.limits.refusal_address
    for _ in range(limit.burst - 1):
        assert await runtime.limiter.admits(limit, "192.0.2.1")

    answers = [await person.get({"client_id": "nobody"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert len(await refusals(runtime)) == 1


async def test_a_malformed_request_is_a_page_and_changes_nothing(
    api: Api, runtime: Runtime
) -> None:
    person = await visitor(api)
    [cookie] = cookies_of(person.browser, runtime)
    headers = BROWSER | {"Cookie": cookie}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    many = "&".join(f"a{number}=1" for number in range(101))

    for query in ("state=a&state=b", "state=%ff", many):
        by_get = await api.client.get(f"{PATH}?{query}", headers=headers)
        by_post = await api.client.post(PATH, content=query, headers=headers | form)

        assert (by_get.status_code, by_post.status_code) == (400, 400)
        assert "text/html" in by_get.headers["Content-Type"]
    assert await person.is_signed_in()


async def test_what_an_application_posts_is_asked_as_a_get_is(
    api: Api, runtime: Runtime
) -> None:
    """OIDC RP-Initiated Logout §2: GET and POST MUST both be taken."""
    person, app = await visitor(api), await shop(runtime)
    ask = {
        "id_token_hint": hint(runtime, app, person.account),
        "post_logout_redirect_uri": BACK,
        "state": "ü &",
    }
    stranger = Visitor(api, Browser())  # SameSite=Lax: no cookie comes with it

    posted = await stranger.post(ask, FROM_ELSEWHERE)
    target = urlsplit(posted.headers["Location"])
    followed = await person.get(dict(_pairs(target.query)))

    assert posted.status_code == 303
    assert posted.headers["Location"].startswith(f"{ORIGIN}{PATH}?")
    assert dict(_pairs(target.query)) == ask
    assert followed.status_code == 303
    assert not await person.is_signed_in()


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(name, values[0]) for name, values in parse_qs(query).items()]


async def test_t065_nobody_says_yes_for_somebody_else(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime)
    eve = await visitor(api)
    yes = fields(await person.get({"client_id": app.client_id}))
    foreign = fields(await eve.get({"client_id": app.client_id}))

    answers = [
        await person.post(yes, FROM_ELSEWHERE),
        await person.post(yes, {"Sec-Fetch-Site": "same-site"}),
        await person.post(yes, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
        await person.post(foreign),
        await person.post(yes | {"csrf": "x"}),
    ]
    by_get = await person.get(yes)

    assert [answer.status_code for answer in answers] == [403] * 5
    assert is_question(by_get)  # a token in an address is no yes
    assert await person.is_signed_in()


async def test_a_form_of_another_kind_is_refused(api: Api, runtime: Runtime) -> None:
    person = await visitor(api)
    [cookie] = cookies_of(person.browser, runtime)
    headers = BROWSER | {"Cookie": cookie, "Content-Type": "text/plain"}

    answer = await api.client.post(PATH, content="csrf=1", headers=headers)

    assert answer.status_code == 415
    assert await person.is_signed_in()


async def test_frames_tell_applications_and_the_page_goes_on_after_them(
    api: Api, runtime: Runtime
) -> None:
    """OIDC Front-Channel Logout §2, §3: a frame for each, with iss and sid."""
    person = await visitor(api)
    app = await shop(runtime, frontchannel_logout_uri=FRAME)
    quiet = await shop(runtime)
    for each in (app, app, quiet):
        await let_in(runtime, each, person.account.user_id, person.account.session_id)
    ask = {
        "id_token_hint": hint(runtime, quiet, person.account),
        "post_logout_redirect_uri": BACK,
    }

    answer = await person.get(ask)

    assert answer.status_code == 200
    [frame] = Page(answer.text).all("iframe")
    url = urlsplit(frame["src"] or "")
    assert frame["src"] is not None and frame["src"].startswith(FRAME)
    assert parse_qs(url.query) == {
        "x": ["1"],
        "iss": [ORIGIN],
        "sid": [str(person.account.session_id)],
    }
    [refresh] = [m for m in Page(answer.text).all("meta") if m.get("http-equiv")]
    assert refresh["content"] == f"3;url={BACK}"
    assert "<script" not in answer.text


async def test_t184_only_the_signed_out_page_frames_and_only_those_origins(
    api: Api, runtime: Runtime
) -> None:
    person = await visitor(api)
    app = await shop(
        runtime,
        redirect_uris=["https://app.example.com:8443/cb"],
        frontchannel_logout_uri="https://app.example.com:8443/frame",
    )
    await let_in(runtime, app, person.account.user_id, person.account.session_id)

    question = await person.get({"client_id": app.client_id})
    answer = await person.confirm(question)

    policies = [page.headers["Content-Security-Policy"] for page in (question, answer)]
    assert "frame-src" not in policies[0]
    assert policies[1].endswith("; frame-src https://app.example.com:8443")
    assert all("default-src 'none'" in policy for policy in policies)
    assert all("frame-ancestors 'none'" in policy for policy in policies)
    assert all("script-src" not in policy for policy in policies)
    assert all(page.headers["X-Frame-Options"] == "DENY" for page in (question, answer))
    [frame] = Page(answer.text).all("iframe")
    assert frame["sandbox"] == "allow-scripts allow-same-origin"


async def test_t116_applications_of_the_session_are_told_and_no_others(
    api: Api, runtime: Runtime
) -> None:
    person, other = await visitor(api), await visitor(api)
    app = await listener(runtime, post_logout_redirect_uris=[BACK])
    for each in (person.account, other.account):
        await let_in(runtime, app, each.user_id, each.session_id)

    await person.get({"id_token_hint": hint(runtime, app, person.account)})

    account = person.account
    assert await told(runtime) == [
        (app.client_id, str(account.user_id), str(account.session_id))
    ]


async def test_t118_a_browser_that_comes_back_with_its_old_cookie_is_nobody(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime)
    question = await person.get({})
    await person.get({"id_token_hint": hint(runtime, app, person.account)})

    again = await person.get({})
    late = await person.confirm(question)

    assert "You are signed out" in again.text
    assert late.status_code == 403  # the form was made for who was signed in then
    assert not await person.is_signed_in()


async def test_what_browsers_keep_is_cleared_but_not_other_peoples_cookies(
    api: Api, runtime: Runtime
) -> None:
    person, app = await visitor(api), await shop(runtime)

    asked = await person.get({"client_id": app.client_id})
    ended = await person.get({"id_token_hint": hint(runtime, app, person.account)})

    assert "Clear-Site-Data" not in asked.headers
    assert ended.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert ended.headers["Cache-Control"] == "no-store"


async def test_a_session_that_expired_meanwhile_needs_no_yes(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person, app = await visitor(api), await shop(runtime)
    clock.advance(seconds=runtime.settings.session.absolute_ttl + 1)

    answer = await person.get(
        {"client_id": app.client_id, "post_logout_redirect_uri": BACK}
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, BACK)
