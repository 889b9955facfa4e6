"""``id_token_hint`` at ``/oauth2/logout``: whom it names, and what it proves."""

from urllib.parse import parse_qs, urlsplit

from app.oauth.subject import session_for, subject_for
from app.oauth.tokens import LOGOUT_TOKEN_TYPE
from app.services.server.runtime import Runtime
from tests.support.api import Api
from tests.support.browser import set_cookies
from tests.support.chance import FakeClock
from tests.support.logout import (
    BACK,
    EVIL,
    FRAME,
    hint,
    hint_names,
    is_question,
    refusals,
    shop,
    visitor,
)
from tests.support.page import Page
from tests.support.session_end import let_in


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


async def test_the_hint_of_another_session_asks(api: Api, runtime: Runtime) -> None:
    """OIDC RP-Initiated Logout §2: not this session, so the person is asked."""
    eve, ann, app = await visitor(api), await visitor(api), await shop(runtime)
    ask = {
        "id_token_hint": hint(runtime, app, ann.account),
        "post_logout_redirect_uri": BACK,
    }

    question = await eve.get(ask)
    asked = await eve.is_signed_in() and not await ann.is_signed_in()
    answer = await eve.confirm(question)

    assert is_question(question) and asked
    assert eve.account.email in question.text
    assert ann.account.email not in question.text
    assert answer.status_code == 200
    assert not await eve.is_signed_in()
    assert not await ann.is_signed_in()  # what a hint names, it ends (ADR-0015)


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
