"""``/oauth2/logout``: who is signed out, who is asked, and where browsers go."""

from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from tests.support.api import Api
from tests.support.browser import cookies_of, set_cookies
from tests.support.logout import (
    BACK,
    EVIL,
    FROM_ELSEWHERE,
    PATH,
    Visitor,
    fields,
    hint,
    is_question,
    refusals,
    shop,
    visitor,
)
from tests.support.page import BROWSER, ORIGIN, Page


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
    assert "nothing was ended elsewhere" in by_nobody.text
    assert not await gone.is_signed_in()  # the hint alone ended it (ADR-0015)


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
        assert await runtime.limiter.admits((limit, "192.0.2.1"))

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
