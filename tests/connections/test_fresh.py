"""Whoever came by a session that they have elsewhere has not just signed in."""

from typing import Any

from fastapi import FastAPI
from httpx2 import Response

from app.core import jose
from app.oauth.acr import TWO_FACTORS
from tests.connections.provider import Provider
from tests.connections.support import (
    ANN,
    IS_ANN,
    OPEN,
    account,
    come,
    connect,
    leave,
    refusal,
)
from tests.factories.factor import FactorFactory
from tests.factories.oauth import REDIRECT_URI, Application, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import query_of as request_of
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.upstreams.conftest import query_of

FRESH = "/account/connections"  # a page for whoever proved just now to be the owner


def tells(provider: Provider) -> None:
    """Have a provider say that it tells when people proved themselves."""
    provider.said["claims_supported"] = ["sub", "auth_time"]


def ago(clock: FakeClock, seconds: int) -> int:
    return int(clock.now().timestamp()) - seconds


async def flow_of(visitor: Visitor, app: Application, **changed: Any) -> str:
    """Come with an application's request; return the flow that waits."""
    asked = await visitor.http.get(
        "/oauth2/authorize", params=request_of(app, **changed)
    )
    path, _, flow = asked.headers["location"].partition("?flow=")
    assert path == "/signin", asked.headers["location"]
    return str(flow)


async def arrive(
    visitor: Visitor, provider: Provider, flow: str, **person: Any
) -> Response:
    """Go by the button of an application's request, and come back."""
    provider.person = IS_ANN | person
    back = await visitor.get(provider.back(await leave(visitor, flow)))
    return await visitor.get(back.headers["location"])


async def test_a_session_elsewhere_is_no_recent_sign_in(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock, app: FastAPI
) -> None:
    tells(provider)
    await connect(api, provider, **OPEN)
    await come(Visitor(app), provider, **IS_ANN)  # the account is made

    await come(visitor, provider, **IS_ANN, auth_time=ago(clock, 3_600))
    stopped = await visitor.get(FRESH)
    gone = await visitor.post(
        "/upstreams/firm", await visitor.hidden(stopped.headers["location"])
    )
    asked = query_of(gone.headers["location"])
    provider.person = IS_ANN | {"auth_time": ago(clock, 3_600)}
    silent = await visitor.get(provider.back(gone.headers["location"]))
    reason = (await refusal(api))["reason"]
    again = await visitor.post(
        "/upstreams/firm", await visitor.hidden(stopped.headers["location"])
    )
    provider.person = IS_ANN | {"auth_time": ago(clock, 0)}
    proven = await visitor.get(provider.back(again.headers["location"]))

    assert await visitor.who() == ANN
    assert stopped.headers["location"] == "/signin?to=connections"
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert silent.status_code == 403 and reason == "wrong_time"
    assert proven.headers["location"] == FRESH
    assert (await visitor.get(FRESH)).status_code == 200


async def test_max_age_is_handed_on_and_held_to(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    tells(provider)
    await connect(api, provider, **OPEN)
    shop = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    flow = await flow_of(visitor, shop, max_age="600")
    url = await leave(visitor, flow)
    provider.person = IS_ANN | {"auth_time": ago(clock, 3_600)}
    old = await visitor.get(provider.back(url))
    told = await arrive(visitor, provider, flow, auth_time=ago(clock, 300))

    token = await id_token(api, shop, told)
    assert query_of(url)["max_age"] == "600" and "prompt" not in query_of(url)
    assert old.status_code == 403
    # What the application is told is when they proved themselves, and not when we
    # heard of it.
    assert token["auth_time"] in (ago(clock, 300), ago(clock, 0))


async def test_a_new_sign_in_that_nobody_could_check_is_none_for_an_application(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    made = await connect(api, provider, **OPEN)
    shop = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    flow = await flow_of(visitor, shop, prompt="login")

    values = await visitor.hidden(f"/signin?flow={flow}")
    refused = await visitor.post("/upstreams/firm", values)
    reason = (await refusal(api))["reason"]
    tells(provider)
    change = {"display_name": "Another"}  # its metadata is read anew
    await api.patch(f"/connections/{made}", change, await api.admin())
    gone = await visitor.post("/upstreams/firm", values)

    assert refused.status_code == 403 and reason == "not_fresh"
    assert query_of(gone.headers["location"])["prompt"] == "login"


async def id_token(api: Api, app: Application, answer: Response) -> dict[str, Any]:
    """Redeem the code that an application was given; return what its token says."""
    location = answer.headers["location"]
    assert location.startswith(REDIRECT_URI), location
    redeemed = await api.client.post(
        "/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": query_of(location)["code"],
            "redirect_uri": REDIRECT_URI,
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        },
        headers=app.basic,
    )
    assert redeemed.status_code == 200, redeemed.text
    return jose.unverified_claims(redeemed.json()["id_token"])


async def test_t098_two_factors_for_an_application_are_ours_unless_theirs_count(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    made = await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    user = await account(api)
    totp = await FactorFactory(api.runtime).totp(user.id)
    shop = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    says = {"acr": TWO_FACTORS, "amr": ["mfa"]}

    here = Visitor(app)
    flow = await flow_of(here, shop, acr_values=TWO_FACTORS)
    url = await leave(here, flow)
    provider.person = IS_ANN | says
    asked = await here.get(provider.back(url))
    step = asked.headers["location"]
    proven = await here.submit(step, {"code": totp.code})
    ours = await id_token(api, shop, await here.get(proven.headers["location"]))
    await api.patch(f"/connections/{made}", {"trusts_factors": True}, await api.admin())
    there = Visitor(app)
    flow = await flow_of(there, shop, acr_values=TWO_FACTORS)
    trusting = await leave(there, flow)
    provider.person = IS_ANN | says
    back = await there.get(provider.back(trusting))
    theirs = await id_token(api, shop, await there.get(back.headers["location"]))

    assert "acr_values" not in query_of(url)  # nobody would believe the answer
    assert step.startswith("/signin/verify") and ours["acr"] == TWO_FACTORS
    assert ours["amr"][0] == "fed" and "otp" in ours["amr"]
    assert TWO_FACTORS in query_of(trusting)["acr_values"]
    assert theirs["acr"] == TWO_FACTORS and theirs["amr"] == ["fed", "mfa"]
