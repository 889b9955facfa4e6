"""Signing in from elsewhere: who comes, whose account it is, and who is refused."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.models import Role
from app.services.server.runtime import Runtime
from tests.connections.provider import Provider
from tests.connections.support import (
    ANN,
    account,
    come,
    connect,
    count,
    groups_of,
    leave,
    refusal,
)
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page


async def test_the_button_is_a_form_on_both_pages_and_works_without_script(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    before = (await visitor.get("/signin")).text
    await connect(api, provider, display_name="Wörk & Co")

    for path in ("/signin", "/signup"):
        answer = await visitor.get(path)
        assert "Continue with Wörk &amp; Co" in answer.text
        forms = [tag["action"] for tag in Page(answer.text).all("form")]
        assert "/upstreams/firm" in forms
        # Chrome would stop the redirect that follows the form.
        assert "form-action" not in answer.headers["content-security-policy"]
    assert "/upstreams/" not in before
    assert (await visitor.get("/upstreams/firm")).status_code == 405


async def test_somebody_new_gets_an_account_and_comes_back_to_it(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    person = {"email": ANN, "email_verified": True, "name": "Ann"}

    first = await come(visitor, provider, **person)
    home = await visitor.who()
    again = Visitor(app)
    second = await come(again, provider, **person | {"name": "Ann B."})

    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert home == ANN and second.status_code == 303 and await again.who() == ANN
    user = await account(api)
    assert user.email_verified and user.password_hash is None and user.name == "Ann B."
    assert await api.trail(user.id) == [
        "user.registered",
        "upstream.linked",
        "user.updated",
        "sign_in.succeeded",
        "user.updated",
        "sign_in.succeeded",
    ]


@pytest.mark.parametrize(
    ("rule", "person"),
    [
        ("closed", {"email": ANN, "email_verified": True}),
        ("invited", {"email": ANN, "email_verified": True}),
        ("domain", {"email": "ann@other.example", "email_verified": True}),
        ("domain", {"email": ANN, "email_verified": False}),
        ("domain", {"email": ANN, "email_verified": "true"}),
        ("domain", {"email": ANN}),
    ],
)
async def test_whom_the_rule_gives_no_account_gets_none(
    api: Api, visitor: Visitor, provider: Provider, rule: str, person: dict[str, Any]
) -> None:
    members: dict[str, Any] = {"account_rule": rule}
    if rule == "domain":
        members["account_domains"] = ["example.com"]
    await connect(api, provider, **members)
    before = await count(api)

    answer = await come(visitor, provider, **person)

    assert answer.status_code == 403 and "upstream_refused" not in answer.text
    reference = answer.headers["x-request-id"]
    assert reference in answer.text and "account_rule" not in answer.text
    assert await count(api) == before and await visitor.who() == ""
    assert (await refusal(api))["reason"] == "account_rule"


async def test_t074_an_address_links_nothing_unless_it_is_trusted(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    owner = await api.users.with_password(PASSWORD, email=ANN)
    await connect(api, provider, account_rule="anybody")

    for verified in (True, False, "true", 1, None):
        told = {} if verified is None else {"email_verified": verified}
        answer = await come(
            visitor, provider, sub=f"evil-{verified}", email=ANN, **told
        )
        assert answer.status_code == 303
        assert await visitor.who() == ""

    assert "upstream.linked" not in await api.trail(owner.id)
    assert await api.trail(owner.id) == ["user.registration_repeated"] * 4


async def test_t079_whoever_waits_with_a_password_loses_the_account_to_its_owner(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await api.post(
        "/auth/register",
        {"email": ANN.title(), "password": PASSWORD, "name": "Mallory"},
    )
    waiting = await account(api)
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )

    came = await come(visitor, provider, email=ANN, email_verified=True)

    assert came.status_code == 303 and await visitor.who() == ANN
    owner = await account(api)
    assert owner.id == waiting.id and owner.email_verified
    assert owner.password_hash is None and owner.name is None
    assert owner.email == ANN  # and in no spelling of Mallory's
    for password in (PASSWORD, "", "x"):
        assert (await api.login(ANN, password)).status_code in (401, 422)


async def test_t079_who_was_known_elsewhere_before_the_owner_came_is_known_no_more(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    """Mallory makes an account of Ann's address by a provider that says so."""
    await connect(api, provider, account_rule="anybody")
    await come(visitor, provider, sub="mallory", email=ANN, email_verified=True)
    made = await account(api)

    # Ann signs up: nobody proved the account, so it is hers once she reads her mail.
    await api.post("/auth/register", {"email": ANN, "password": PASSWORD})
    again = Visitor(app)
    came = await come(again, provider, sub="mallory", email="m@example.org")

    assert made.email_verified is False
    assert came.status_code == 303 and await again.who() != ANN


async def test_t098_a_second_factor_is_asked_for_whoever_comes(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    made = await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    person = {"email": ANN, "email_verified": True}
    await come(visitor, provider, **person)
    user = await account(api)
    await FactorFactory(api.runtime).totp(user.id)

    stopped = Visitor(app)
    asked = await come(stopped, provider, **person, amr=["mfa"], acr="aal2")
    await api.patch(f"/connections/{made}", {"trusts_factors": True}, await api.admin())
    trusted, weak = Visitor(app), Visitor(app)
    entered = await come(trusted, provider, **person, amr=["pwd", "mfa"])
    one = await come(weak, provider, **person, amr=["pwd"])

    assert asked.headers["location"] == "/signin/verify" and await stopped.who() == ""
    assert entered.headers["location"] == "/" and await trusted.who() == ANN
    assert one.headers["location"] == "/signin/verify"


async def test_t098_a_role_that_demands_two_factors_is_not_satisfied_with_one(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(update(Role).values(mfa_required=True))

    await come(visitor, provider, email=ANN, email_verified=True)

    assert await visitor.who() == ""
    assert "sign_in.succeeded" not in await api.trail((await account(api)).id)


async def test_a_disabled_account_is_not_entered(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    person = {"email": ANN, "email_verified": True}
    await come(visitor, provider, **person)
    user = await account(api)
    admin = await api.admin()
    await api.patch(f"/users/{user.id}", {"status": "disabled"}, admin)

    answer = await come(visitor, provider, **person)

    assert answer.status_code == 403 and await visitor.who() == ""
    assert (await refusal(api))["reason"] == "disabled"


async def test_the_state_of_another_browser_signs_nobody_in(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    """Login CSRF, and a code that was injected: the answer is of who began."""
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    provider.person = {"email": ANN, "email_verified": True}
    url = provider.back(await leave(visitor))
    victim = Visitor(app)
    await victim.get("/signin")

    stolen = await victim.get(url)
    forged = await victim.get("/upstreams/firm/callback?code=x&state=as_ot_x")
    own = await visitor.get(url)
    twice = await visitor.get(url)

    assert [each.status_code for each in (stolen, forged, twice)] == [403] * 3
    assert await victim.who() == "" and own.headers["location"] == "/"
    assert (await refusal(api))["reason"] == "wrong_state"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"nonce": "another"}, "wrong_nonce"),
        ({"aud": "somebody-else"}, "wrong_audience"),
        ({"iss": "https://evil.example"}, "wrong_issuer"),
        ({"exp": 1}, "wrong_time"),
    ],
)
async def test_t032_what_the_other_side_says_wrongly_signs_nobody_in(
    api: Api,
    visitor: Visitor,
    provider: Provider,
    said: dict[str, Any],
    reason: str,
) -> None:
    await connect(api, provider, account_rule="anybody")
    before = await count(api)

    answer = await come(visitor, provider, email=ANN, **said)

    reference = answer.headers["x-request-id"]
    assert answer.status_code == 403 and reference in answer.text
    assert await count(api) == before and await visitor.who() == ""
    assert (await refusal(api))["reason"] == reason
    why = await api.get(f"/audit-events/why/{reference}", await api.admin())
    assert reason in why.text


async def test_an_answer_by_a_form_of_another_site_finds_its_browser(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    """As Apple answers: no cookie with SameSite=Lax comes along."""
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    provider.person = {"email": ANN, "email_verified": True}
    back = urlsplit(provider.back(await leave(visitor)))
    stranger = Visitor(visitor.app)
    posted = await stranger.http.post(
        back.path,
        content=back.query,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": provider.url,
            "Sec-Fetch-Site": "cross-site",
        },
    )
    led = posted.headers["location"]
    elsewhere = await stranger.get(led)
    here = await visitor.get(led)

    assert posted.status_code == 303 and "code-0" not in led and ANN not in led
    assert elsewhere.status_code == 403
    assert here.headers["location"] == "/" and await visitor.who() == ANN


async def test_an_outage_stops_its_own_people_only(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    owner = await api.users.with_password(PASSWORD)
    await connect(api, provider)
    provider.status, answers = 503, []

    for _ in range(5):
        clock.advance(seconds=11)  # it is left in peace for ten
        values = await visitor.hidden("/signin")
        answers.append(await visitor.post("/upstreams/firm", values))
    ready = (await api.client.get("/health/ready")).json()
    entered = await visitor.sign_in(owner.email)

    assert {each.status_code for each in answers} == {403}
    assert (await refusal(api))["reason"] == "unreachable"
    assert ready["status"] == "degraded"
    assert entered.headers["location"] == "/"


async def test_groups_and_profile_follow_at_each_sign_in(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    root = await api.admin()
    for name in ("staff", "chiefs", "ours"):
        await api.post("/groups", {"name": name}, root)
    follow = {
        "profile": {"given_name": "first"},
        "groups": {"claim": "memberOf", "groups": {"S": "staff", "C": "chiefs"}},
    }
    await connect(
        api,
        provider,
        account_rule="anybody",
        trusted_domains=["example.com"],
        follow=follow,
    )
    person = {"email": ANN, "email_verified": True, "first": "Ann"}

    await come(visitor, provider, **person, memberOf=["S", "C", "X"])
    user = await account(api)
    first = await groups_of(api, user.id)
    groups = (await api.get("/groups", root)).json()["items"]
    [ours] = [each["id"] for each in groups if each["name"] == "ours"]
    await api.client.put(
        f"/api/v1/groups/{ours}/members/{user.id}", headers=root.headers
    )
    await come(visitor, provider, **person | {"first": "x" * 300}, memberOf="C")
    second = await groups_of(api, user.id)
    await come(visitor, provider, **person)

    assert first == ["chiefs", "staff"] and second == ["chiefs", "ours"]
    assert await groups_of(api, user.id) == ["ours"]
    assert (await account(api)).given_name == "Ann"


async def test_one_answer_signs_in_once_however_often_it_comes_at_once(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    provider.person = {"email": ANN, "email_verified": True}
    url = provider.back(await leave(visitor))

    answers = await asyncio.gather(*(visitor.get(url) for _ in range(4)))

    assert sorted(each.status_code for each in answers) == [303, 403, 403, 403]
    user = await account(api)
    assert (await api.trail(user.id)).count("sign_in.succeeded") == 1


async def test_no_connection_to_the_database_is_held_while_the_peer_is_asked(
    api: Api, visitor: Visitor, provider: Provider, runtime: Runtime
) -> None:
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    held: list[int] = []
    answer = provider.handler

    def watched(*asked: Any) -> Any:
        pool: Any = runtime.database.engine.sync_engine.pool
        held.append(pool.checkedout())
        return answer(*asked)

    provider.handler = watched
    await come(visitor, provider, email=ANN, email_verified=True)
    made = (await api.get("/connections", root := await api.admin())).json()["items"]
    await api.post(f"/connections/{made[0]['id']}/test", None, root)

    assert len(held) >= 4 and not any(held)
