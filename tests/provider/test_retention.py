"""The provider's tables: bounded, and cleaned of what is over."""

from secrets import token_urlsafe

from fastapi import FastAPI
from sqlalchemy import func, select

from app.jobs.janitor import JanitorJob
from app.models import (
    Base,
    OAuthAssertion,
    OAuthGrant,
    OAuthRevokedToken,
    OneTimeToken,
)
from app.services.oauth.grant import GrantService
from tests.support.authorization import rows, visit
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

TABLES: tuple[type[Base], ...] = (OAuthGrant, OAuthRevokedToken, OAuthAssertion)


async def _rows(protocol: Protocol) -> list[int]:
    async with protocol.runtime.database.session(read_only=True) as db:
        counts = [select(func.count()).select_from(table) for table in TABLES]
        return [await db.scalar(count) or 0 for count in counts]


async def _clean(protocol: Protocol) -> list[int]:
    while await JanitorJob(protocol.runtime, batch=2).run():
        pass
    return await _rows(protocol)


async def test_what_is_over_is_deleted_in_its_time(
    protocol: Protocol, clock: FakeClock
) -> None:
    app = await protocol.apps.with_key()
    live = await protocol.signed_in(app, "openid offline_access")
    pending = await protocol.codes(app, live.user)
    ended = [await protocol.signed_in(app, user=live.user) for _ in range(3)]
    for one in ended:
        await protocol.revoke(app, one.access)
        await protocol.revoke(app, one.refresh_token)
    assert await _clean(protocol) == [5, 3, 10]

    clock.advance(seconds=300)  # access tokens and assertions are dead by now
    assert await _clean(protocol) == [5, 0, 0]
    clock.advance(days=1)
    assert (await protocol.grant(pending.grant_id)).redeemed_at is None
    assert await _clean(protocol) == [4, 0, 0]
    live.tokens = (await protocol.refresh(app, live.refresh_token)).json()
    clock.advance(days=29)
    assert (await _clean(protocol))[0] == 1
    assert (await protocol.refresh(app, live.refresh_token)).status_code == 200


async def test_an_assertion_is_remembered_as_long_as_it_holds(
    protocol: Protocol, clock: FakeClock
) -> None:
    app = await protocol.apps.with_key()
    end = int(clock.now().timestamp()) + 3_600
    form = {"token": "x"} | app.assertion(protocol.runtime, exp=end)
    assert (await protocol.http.post("/oauth2/revoke", data=form)).status_code == 200
    clock.advance(seconds=3_599)

    await _clean(protocol)

    again = await protocol.http.post("/oauth2/revoke", data=form)
    assert again.json()["error"] == "invalid_client"


async def test_the_least_used_of_too_many_grants_end(
    protocol: Protocol, clock: FakeClock
) -> None:
    app, other = await protocol.apps(), await protocol.apps()
    user = await protocol.api.users()
    grants = []
    for _ in range(4):
        clock.advance(seconds=1)
        grants.append(await protocol.signed_in(app, user=user))
    clock.advance(seconds=1)
    await protocol.refresh(app, grants[0].refresh_token)
    elsewhere = await protocol.signed_in(other, user=user)
    pending = await protocol.codes(app, user)

    async with protocol.runtime.unit_of_work() as uow:
        ended = await GrantService(uow).end_surplus(500, most=2)

    assert ended == 2
    live = [
        (await protocol.userinfo(one.access)).status_code == 200
        for one in (*grants, elsewhere)
    ]
    assert live == [True, False, False, True, True]
    assert (await protocol.token(app, pending.form)).status_code == 200
    events = await protocol.events("oauth.grant_ended")
    assert {event.data["reason"] for event in events} == {"too_many_grants"}
    assert len(events) == 2


async def test_requests_that_waited_too_long_are_deleted_at_once(
    protocol: Protocol, app: FastAPI, clock: FakeClock
) -> None:
    """Strangers make them; the tokens of people are kept for a day after their end."""
    shop, browser = await protocol.apps(), visit(protocol.runtime, app)
    for _ in range(3):
        await browser.ask(shop, state=token_urlsafe(4_000))
    await protocol.codes(shop, await protocol.api.users())

    await _clean(protocol)
    purposes = [row.purpose for row in await rows(protocol.runtime, OneTimeToken)]
    assert purposes.count("oauth_flow") == 3

    clock.advance(seconds=protocol.runtime.settings.oauth.flow_ttl + 1)
    await _clean(protocol)
    purposes = [row.purpose for row in await rows(protocol.runtime, OneTimeToken)]
    assert "oauth_flow" not in purposes and "authorization_code" in purposes
