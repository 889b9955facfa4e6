"""What the other side signs out, or what let people in, ends here."""

import hmac
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx2 import Response
from joserfc.jws import JWSRegistry
from sqlalchemy import select

from app.core import jose
from app.core.clock import Clock
from app.models import AuditEvent, OAuthGrant, Session
from tests.connections.provider import Provider
from tests.connections.support import ANN, CONNECTION, account, come, connect
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page
from tests.support.session_end import let_in, listener, told

EVENT = "http://schemas.openid.net/event/backchannel-logout"
OPEN = {"account_rule": "anybody", "trusted_domains": ["example.com"]}
PERSON = {"email": ANN, "email_verified": True}
PATH = "/upstreams/firm/backchannel-logout"


def claims_of(provider: Provider, clock: Clock, **changed: Any) -> dict[str, Any]:
    """Return the claims of a logout token (Back-Channel Logout §2.4)."""
    now = int(clock.now().timestamp())
    return {
        "iss": provider.url,
        "aud": "here",
        "iat": now,
        "exp": now + 120,
        "jti": f"jti-{clock.now().timestamp()}",
        "sub": "ann-there",
        "events": {EVENT: {}},
    } | changed


async def tell(visitor: Visitor, token: str, path: str = PATH) -> Response:
    """Post a logout token as the other side does."""
    return await Visitor(visitor.app).http.post(path, data={"logout_token": token})


async def ends(api: Api) -> list[str]:
    """Return why sessions ended, in order."""
    async with api.runtime.database.session(read_only=True) as db:
        rows = await db.scalars(select(Session).order_by(Session.id))
        return [row.revoked_reason for row in rows if row.revoked_reason]


async def refusals(api: Api) -> list[str]:
    query = select(AuditEvent.data).where(AuditEvent.name == "upstream.logout_refused")
    async with api.runtime.database.session(read_only=True) as db:
        rows = await db.scalars(query.order_by(AuditEvent.id))
        return [data["reason"] for data in rows]


async def test_one_session_or_all_of_somebody_are_signed_out_as_they_are_there(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    second, other = Visitor(app), Visitor(app)
    await come(visitor, provider, **PERSON, sid="one")
    await come(second, provider, **PERSON, sid="two")
    bob = {"email": "bob@example.com", "email_verified": True}
    await come(other, provider, sub="bob-there", sid="one", **bob)
    typ = {"typ": "logout+jwt"}

    one = claims_of(provider, clock, sid="one")
    first = await tell(visitor, provider.sign(one, **typ))
    seen = [await each.who() for each in (visitor, second, other)]
    everything = claims_of(provider, clock, jti="all")
    await tell(visitor, provider.sign(everything))
    nobody = claims_of(provider, clock, jti="none", sub="carl", sid="three")
    unknown = await tell(visitor, provider.sign(nobody, **typ))

    assert seen == ["", ANN, "bob@example.com"]
    assert [await each.who() for each in (second, other)] == ["", "bob@example.com"]
    # Whether anybody was signed in is told to nobody.
    assert first.status_code == unknown.status_code == 200
    assert first.json() == unknown.json() == {}
    assert first.headers["cache-control"] == "no-store"
    assert await ends(api) == ["upstream_signed_out"] * 2
    trail = await api.trail((await account(api)).id)
    assert trail[-4:] == ["session.revoked", "upstream.signed_out"] * 2


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "an ID token": ({"nonce": "n", "events": ...}, "wrong_token"),
    "an ID token with the event": ({"nonce": "n"}, "wrong_token"),
    "no event": ({"events": ...}, "wrong_token"),
    "another event": ({"events": {"https://example.com/e": {}}}, "wrong_token"),
    "an event that is none": ({"events": {EVENT: "yes"}}, "wrong_token"),
    "events as a list": ({"events": [EVENT]}, "wrong_token"),
    "nobody": ({"sub": ...}, "wrong_token"),
    "no name of its own": ({"jti": ...}, "wrong_token"),
    "a name that is a number": ({"jti": 1}, "wrong_token"),
    "a session that is a number": ({"sid": 1}, "malformed"),
    "somebody who is a list": ({"sub": ["ann-there"]}, "malformed"),
    "another issuer": ({"iss": "https://evil.example"}, "wrong_issuer"),
    "another client": ({"aud": "there"}, "wrong_audience"),
    "two audiences": ({"aud": ["here", "there"]}, "wrong_audience"),
    "an hour old": ({"iat": -3_600}, "wrong_time"),
    "of tomorrow": ({"iat": 86_400}, "wrong_time"),
    "of no time": ({"iat": ...}, "wrong_time"),
    "expired": ({"exp": -61}, "wrong_time"),
    "without an end": ({"exp": ...}, "wrong_time"),
}


async def test_t032_a_token_that_is_none_signs_nobody_out(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    """OIDC Back-Channel Logout §2.6: what a logout token has to be."""
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON, sid="one")
    now, answers = int(clock.now().timestamp()), []
    for changed, _ in HOSTILE.values():
        times = {
            name: now + value
            for name, value in changed.items()
            if name in ("iat", "exp") and isinstance(value, int)
        }
        token = provider.sign(claims_of(provider, clock, **changed | times))
        answers.append(await tell(visitor, token))

    assert {each.status_code for each in answers} == {400}
    told = {
        (each.json()["error"], each.json()["error_description"]) for each in answers
    }
    assert told == {("invalid_request", "the logout token is not valid here")}
    seen = dict(zip(HOSTILE, await refusals(api), strict=True))
    assert seen == {what: reason for what, (_, reason) in HOSTILE.items()}
    assert await visitor.who() == ANN


async def test_t032_signed_by_anything_but_a_key_of_this_provider_it_is_nothing(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    claims = claims_of(provider, clock)
    secret = CONNECTION["settings"]["client_secret"].encode()
    stranger = jose.generate_key("RS256")
    signer = JWSRegistry.algorithms["RS256"]
    own = {"jwk": jose.public_jwk(stranger, "x", "RS256"), "kid": "x"}

    def by_secret(message: bytes) -> bytes:
        return hmac.digest(secret, message, "sha256")

    def by_stranger(message: bytes) -> bytes:
        return signer.sign(message, stranger)

    tokens = [
        provider.forged(claims, lambda _message: b"", alg="none"),
        provider.forged(claims, by_secret, alg="HS256"),
        provider.forged(claims, by_stranger),
        provider.forged(claims, by_stranger, **own),
        provider.forged(claims, by_stranger, alg="PS256"),
        provider.sign(claims, typ="at+jwt"),
        provider.sign(claims)[:-4],
        "x" * 20_000,
        "",
    ]
    answers = [await tell(visitor, each) for each in tokens]

    assert {each.status_code for each in answers} == {400}
    assert len({each.json()["error_description"] for each in answers}) == 1
    assert await visitor.who() == ANN
    assert set(await refusals(api)) == {"wrong_signature"}


async def test_t032_another_connection_signs_out_its_own_people_only(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON, sid="one")
    with Provider(clock) as evil:
        evil.rotate()  # its key is its own
        body = CONNECTION | {
            "name": "evil",
            "settings": CONNECTION["settings"] | {"issuer": evil.url},
        }
        await api.post("/connections", body, await api.admin())
        there = "/upstreams/evil/backchannel-logout"
        both = {"sid": "one", "sub": "ann-there"}
        own = evil.sign(claims_of(evil, clock, **both))
        lying = evil.sign(claims_of(provider, clock, **both))

        taken = await tell(visitor, own, there)
        refused = [
            await tell(visitor, own),
            await tell(visitor, lying),
            await tell(visitor, lying, there),
            await tell(visitor, lying, "/upstreams/none/backchannel-logout"),
        ]

    assert taken.status_code == 200 and await visitor.who() == ANN
    assert [each.status_code for each in refused] == [400] * 4
    # Nor is it told whether there is such a connection.
    without = [dict(each.json(), correlation_id="") for each in refused]
    assert all(each == without[0] for each in without)


async def test_t032_a_token_counts_once(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    token = provider.sign(claims_of(provider, clock))

    first = await tell(visitor, token)
    clock.advance(seconds=1)
    await come(visitor, provider, **PERSON)
    again = await tell(visitor, token)

    assert (first.status_code, again.status_code) == (200, 400)
    assert await visitor.who() == ANN and await refusals(api) == ["repeated"]


async def test_whoever_is_signed_out_there_on_the_way_in_does_not_come_in(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, clock: FakeClock
) -> None:
    """Between the first step and the second, and between there and here."""
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON, sid="one")
    totp = await FactorFactory(api.runtime).totp((await account(api)).id)
    waiting, spared = Visitor(app), Visitor(app)
    asked = await come(waiting, provider, **PERSON, sid="two")
    await come(spared, provider, **PERSON, sid="three")
    clock.advance(seconds=1)

    await tell(visitor, provider.sign(claims_of(provider, clock, sid="two")))
    form = await waiting.hidden("/signin/verify")
    late = await waiting.post("/signin/verify", form | {"code": totp.code})

    assert asked.headers["location"] == "/signin/verify"
    assert late.status_code == 401 and await waiting.who() == ""
    clock.advance(seconds=31)
    done = await spared.submit("/signin/verify", {"code": totp.code})
    assert done.status_code == 303 and await spared.who() == ANN


async def kept_by_an_application(api: Api) -> tuple[UUID, UUID, UUID]:
    """Let one keep what it was granted in the latest session; return what it was."""
    user = await account(api)
    async with api.runtime.database.session(read_only=True) as db:
        query = select(Session.id).where(Session.user_id == user.id)
        [session_id] = await db.scalars(query.order_by(Session.id.desc()).limit(1))
    app = await listener(api.runtime)
    kept = "openid offline_access"
    grant = await let_in(api.runtime, app, user.id, session_id, scope=kept)
    return user.id, session_id, grant


async def is_over(api: Api, grant_id: UUID) -> bool:
    async with api.runtime.database.session(read_only=True) as db:
        return (await db.get_one(OAuthGrant, grant_id)).revoked_at is not None


async def test_applications_hear_of_it_as_of_any_sign_out(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    user_id, session_id, grant = await kept_by_an_application(api)

    await tell(visitor, provider.sign(claims_of(provider, clock)))

    [notice] = await told(api.runtime)
    assert notice[1:] == (str(user_id), str(session_id))
    assert not await is_over(api, grant)  # Back-Channel Logout §2.7


@pytest.mark.parametrize("how", ["off", "gone", "disconnected"])
async def test_who_came_by_what_ends_is_signed_out_and_so_are_applications(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, how: str
) -> None:
    made = await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    _, _, grant = await kept_by_an_application(api)
    root, before = await api.admin(), await visitor.who()

    if how == "off":
        await api.patch(f"/connections/{made}", {"enabled": False}, root)
    elif how == "gone":
        await api.delete(f"/connections/{made}", root)
    else:
        await give_password(api)
        by_password = Visitor(app)
        await by_password.sign_in(ANN)
        await disconnect(by_password)
        assert await by_password.who() == ANN  # it began by something else

    assert before == ANN and await visitor.who() == ""
    assert (await api.get("/users/me", root)).is_success
    reason = {
        "off": "connection_disabled",
        "gone": "connection_deleted",
        "disconnected": "upstream_unlinked",
    }
    assert (await ends(api))[0] == reason[how]
    assert await is_over(api, grant) and len(await told(api.runtime)) == 1


async def test_whoever_disconnects_where_they_came_by_it_is_signed_out_too(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    await give_password(api)

    page = await visitor.get("/account/connections")
    await disconnect(visitor)

    assert "signs out every browser" in page.text and await visitor.who() == ""


async def give_password(api: Api) -> None:
    hashed = (await api.users.with_password(PASSWORD)).password_hash
    async with api.runtime.unit_of_work() as uow:
        found = await uow.users.by_email(ANN, lock=True)
        assert found is not None
        found.password_hash = hashed


async def disconnect(visitor: Visitor) -> None:
    """End the one link of whoever is signed in at a browser."""
    path = "/account/connections"
    tags = Page((await visitor.get(path)).text).all("button")
    [link] = [each["value"] for each in tags if each["name"] == "end"]
    ended = await visitor.submit(path, {"end": link})
    assert ended.status_code == 303
