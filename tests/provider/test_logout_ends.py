"""What a sign-out at ``/oauth2/logout`` ends, and who is told of it."""

from urllib.parse import parse_qs, urlsplit

from app.services.server.runtime import Runtime
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.logout import BACK, FRAME, hint, shop, visitor
from tests.support.page import ORIGIN, Page
from tests.support.session_end import let_in, listener, told


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
