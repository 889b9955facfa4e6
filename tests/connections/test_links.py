"""Accounts and who their owners are elsewhere: connected, seen, ended."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.services.sessions.end import end_all_sessions
from app.services.upstreams.sign_in import UpstreamSignInService
from tests.accounts.test_passkeys import entered
from tests.connections.provider import Provider
from tests.connections.support import (
    ANN,
    CONNECTION,
    IS_ANN,
    OPEN,
    account,
    come,
    connect,
    refusal,
)
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor, set_cookies
from tests.support.page import Page


async def test_whoever_proves_the_account_may_connect_it(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    owner = await api.users.with_password(PASSWORD, email=ANN)
    await connect(api, provider, account_rule="closed")

    came = await come(visitor, provider, email=ANN, email_verified=True)
    page = await visitor.get(came.headers["location"])
    proven = await visitor.sign_in(ANN)
    asked = await visitor.get(proven.headers["location"])
    done = await visitor.submit("/signin/connect", {"connect": "yes"})
    other = Visitor(app)
    later = await come(other, provider, email="changed@elsewhere.example")

    assert came.headers["location"] == "/signin" and await visitor.who() == ANN
    assert "To connect Elsewhere" in page.text and ANN in page.text
    assert proven.headers["location"] == "/signin/connect"
    assert "Connect Elsewhere" in asked.text and ANN in asked.text
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert later.status_code == 303 and await other.who() == ANN
    trail = await api.trail(owner.id)
    assert trail[:2] == ["sign_in.succeeded", "upstream.linked"]


async def test_whoever_does_not_want_it_is_asked_no_more(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    owner = await api.users.with_password(PASSWORD, email=ANN)
    await connect(api, provider)

    await come(visitor, provider, email=ANN, email_verified=True)
    await visitor.sign_in(ANN)
    done = await visitor.submit("/signin/connect", {"connect": "no"})
    again = await visitor.get("/signin/connect")

    assert done.headers["location"] == "/" == again.headers["location"]
    assert "upstream.linked" not in await api.trail(owner.id)


async def test_the_cookie_of_a_link_is_like_the_others(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await api.users.with_password(PASSWORD, email=ANN)
    await connect(api, provider)

    came = await come(visitor, provider, email=ANN, email_verified=True)

    [cookie] = set_cookies(came.headers.get_list("set-cookie")).values()
    assert (cookie["httponly"], cookie["samesite"]) == ("True", "Lax")


async def test_somebody_sees_their_links_and_ends_all_but_the_last_way_in(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    person = {"email": ANN, "email_verified": True}
    await come(visitor, provider, **person)
    path = "/account/connections"

    page = await visitor.get(path)
    [link] = [
        each["value"] for each in Page(page.text).all("button") if each["name"] == "end"
    ]
    kept = await visitor.submit(path, {"end": link})
    user = await account(api)
    async with api.runtime.unit_of_work() as uow:
        found = await uow.users.by_id(user.id, lock=True)
        assert found is not None
        found.password_hash = "x"
    ended = await visitor.submit(path, {"end": link})
    again = Visitor(app)
    later = await come(again, provider, sub="ann-there", email="b@example.com")

    assert ANN in page.text and "Elsewhere" in page.text
    assert kept.status_code == 409 and "only way to sign in" in kept.text
    assert ended.headers["location"] == f"{path}?done=ended"
    assert later.status_code == 403 or await again.who() != ANN
    assert "upstream.unlinked" in await api.trail(user.id)


async def test_somebody_who_is_signed_in_connects_another_way(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    owner = await api.users.with_password(PASSWORD, email=ANN)
    other = await api.users.with_password(PASSWORD)
    await connect(api, provider)
    provider.person = {"email": "whoever@elsewhere.example"}
    await visitor.sign_in(ANN)

    gone = await visitor.submit("/account/connections", {"connect": "firm"})
    back = await visitor.get(provider.back(gone.headers["location"]))
    stranger = Visitor(app)
    await stranger.sign_in(other.email)
    taken = await stranger.submit("/account/connections", {"connect": "firm"})
    refused = await stranger.get(provider.back(taken.headers["location"]))
    entering = Visitor(app)
    await come(entering, provider, email=None)

    assert back.headers["location"] == "/account/connections?done=connected"
    assert refused.status_code == 403
    assert (await refusal(api))["reason"] == "linked_elsewhere"
    assert await entering.who() == ANN
    assert "upstream.linked" in await api.trail(owner.id)
    assert "upstream.linked" not in await api.trail(other.id)


async def test_a_session_that_ended_meanwhile_connects_nobody(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    """The other side takes its time until the owner has thrown everybody out."""
    owner = await api.users.with_password(PASSWORD, email=ANN)
    await connect(api, provider)
    await visitor.sign_in(ANN)
    gone = await visitor.submit("/account/connections", {"connect": "firm"})
    back = provider.back(gone.headers["location"])
    service, ended = UpstreamSignInService, []
    arrived = service._arrived  # noqa: SLF001 - the moment after the other side spoke

    async def late(self: UpstreamSignInService, *given: Any) -> Any:
        async with api.runtime.unit_of_work() as uow:
            ended.append(await end_all_sessions(uow, owner.id, "password_reset"))
        return await arrived(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "_arrived", late)
        answer = await visitor.get(back)

    assert ended == [1] and answer.status_code == 403
    assert (await refusal(api))["reason"] == "changed_meanwhile"
    assert "upstream.linked" not in await api.trail(owner.id)


async def test_t079_an_account_that_nobody_confirmed_is_connected_with_nobody(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    owner = await api.users.with_password(PASSWORD, email=ANN)
    await connect(api, provider)
    await visitor.sign_in(ANN)
    gone = await visitor.submit("/account/connections", {"connect": "firm"})
    async with api.runtime.unit_of_work() as uow:
        found = await uow.users.by_id(owner.id, lock=True)
        assert found is not None
        found.email_verified = False
        found.unverified_until = found.created_at + timedelta(days=7)

    answer = await visitor.get(provider.back(gone.headers["location"]))

    assert answer.status_code == 403 and "Confirm your email address" in answer.text
    assert "upstream.linked" not in await api.trail(owner.id)


async def test_t079_a_reset_throws_out_who_came_before_the_address_was_confirmed(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    """Ann confirms what Mallory made in her name, and then chooses a password."""
    await connect(api, provider, account_rule="anybody")
    await come(visitor, provider, sub="mallory", email=ANN, email_verified=False)
    confirm = (await api.mailed("verify_email")).token
    await api.post("/auth/verify-email", {"token": confirm})
    entered = Visitor(app)
    await come(entered, provider, sub="mallory", email=ANN)
    before = await entered.who()

    await api.post("/auth/forgot-password", {"email": ANN})
    reset = (await api.mailed("reset_password")).token
    chosen = {"token": reset, "new_password": f"{PASSWORD}-2"}
    assert (await api.post("/auth/reset-password", chosen)).status_code == 204
    again = Visitor(app)
    await come(again, provider, sub="mallory", email=ANN)

    assert before == ANN and await again.who() == "" == await entered.who()


async def test_another_server_does_not_take_the_people_of_the_one_before(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    """What one server calls ``1`` is somebody else at the next."""
    made = await connect(
        api, provider, account_rule="anybody", trusted_domains=["example.com"]
    )
    settings = CONNECTION["settings"] | {"issuer": "https://next.example"}
    path, admin = f"/connections/{made}", await api.admin()
    await come(visitor, provider, sub="1", email=ANN, email_verified=True)

    refused = await api.patch(path, {"settings": settings}, admin)
    renamed = await api.patch(path, {"display_name": "Firm"}, admin)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "has_links"
    assert renamed.json()["settings"]["issuer"] == provider.url


async def test_a_link_that_waits_is_over_once_another_server_says_who_people_are(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    owner = await api.users.with_password(PASSWORD, email=ANN)
    made = await connect(api, provider)
    came = await come(visitor, provider, email=ANN, email_verified=True)
    asked = await visitor.get(came.headers["location"])
    await visitor.sign_in(ANN)
    values = await visitor.hidden("/signin/connect")
    settings = CONNECTION["settings"] | {"issuer": "https://next.example"}
    await api.patch(f"/connections/{made}", {"settings": settings}, await api.admin())

    answer = await visitor.post("/signin/connect", values | {"connect": "yes"})
    page = await visitor.get("/signin/connect")

    assert "To connect Elsewhere" in asked.text
    assert answer.status_code == 403 and page.headers["location"] == "/"
    assert "upstream.linked" not in await api.trail(owner.id)


async def test_a_connection_that_is_off_is_no_way_in(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    """Ann is known by two; one is off, so that the other is her last way in."""
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    user, root = await account(api), await api.admin()
    settings = CONNECTION["settings"] | {"issuer": provider.url}
    body = CONNECTION | {"name": "second", "settings": settings, **OPEN}
    second = (await api.post("/connections", body, root)).json()["id"]
    gone = await visitor.submit("/account/connections", {"connect": "second"})
    await visitor.get(provider.back(gone.headers["location"]))
    await api.patch(f"/connections/{second}", {"enabled": False}, root)
    page = await visitor.get("/account/connections")
    ends = [
        each["value"] for each in Page(page.text).all("button") if each["name"] == "end"
    ]

    kept = await visitor.submit("/account/connections", {"end": ends[0]})
    await api.patch(f"/connections/{second}", {"enabled": True}, root)
    ended = await visitor.submit("/account/connections", {"end": ends[0]})

    assert len(ends) == 2 and kept.status_code == 409
    assert ended.headers["location"] == "/account/connections?done=ended"
    assert (await api.trail(user.id)).count("upstream.unlinked") == 1


async def test_the_last_passkey_stays_unless_there_is_another_way_in(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    made = await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    user, root = await account(api), await api.admin()
    held = await FactorFactory(api.runtime).passkey(user.id)
    ann = await entered(api, Person(user.id, ANN, {}), held)
    [row] = (await api.get("/users/me/factors", ann)).json()["passkeys"]
    path = f"/users/me/passkeys/{row['id']}"

    await api.patch(f"/connections/{made}", {"enabled": False}, root)
    kept = await api.delete(path, ann)
    await api.patch(f"/connections/{made}", {"enabled": True}, root)
    gone = await api.delete(path, ann)

    assert (kept.status_code, kept.json()["code"]) == (409, "last_way_in")
    assert gone.status_code == 204
