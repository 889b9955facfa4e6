"""``/oauth2/revoked``: whatever ended an access token before its time is in it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.models import OAuthGrant, OAuthRevokedToken, Session
from app.services.oauth import revoked as feed
from app.services.server.token_epoch import begin_epoch
from app.services.sessions.end import end_all_sessions
from tests.factories.oauth import Application
from tests.provider.resources.feed import API, Reader, make_reader, read_bytes, sign_out
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol, SignedIn

CREDENTIALS: dict[str, Any] = {
    "grant_types": ["client_credentials"],
    "redirect_uris": [],
    "scope": "openid orders:read",
}


@pytest.fixture
def options() -> dict[str, object]:
    """An API with a scope of its own."""
    return {"oauth": {"scopes": {"orders:read": "See orders"}}}


@pytest.fixture
async def reader(protocol: Protocol, clock: FakeClock) -> Reader:
    """A resource server."""
    return await make_reader(protocol, clock)


End = Callable[[Protocol, SignedIn], Awaitable[None]]


async def _end_all(protocol: Protocol, who: SignedIn) -> None:
    async with protocol.runtime.unit_of_work() as uow:
        await end_all_sessions(uow, who.user.id, "password_changed")


async def _give_back(protocol: Protocol, who: SignedIn) -> None:
    await protocol.revoke(who.app, who.refresh_token)


async def _give_one_back(protocol: Protocol, who: SignedIn) -> None:
    await protocol.revoke(who.app, who.access)


async def _reuse(protocol: Protocol, who: SignedIn) -> None:
    form = who.issued.form
    assert (await protocol.token(who.app, form)).status_code == 400


async def _withdraw_consent(protocol: Protocol, who: SignedIn) -> None:
    async with protocol.runtime.unit_of_work() as uow:
        await uow.oauth_grants.revoke_for_consent(
            who.user.id, who.app.client_id, at=uow.clock.now(), reason="owner"
        )


async def _admin(protocol: Protocol, method: str, path: str, **more: Any) -> None:
    admin = await protocol.api.admin()
    answer = await protocol.http.request(
        method, f"/api/v1/{path}", headers=admin.headers, **more
    )
    assert answer.status_code < 300, answer.text


async def _disable_user(protocol: Protocol, who: SignedIn) -> None:
    await _admin(protocol, "PATCH", f"users/{who.user.id}", json={"status": "disabled"})


async def _delete_user(protocol: Protocol, who: SignedIn) -> None:
    await _admin(protocol, "DELETE", f"users/{who.user.id}")


async def _disable_client(protocol: Protocol, who: SignedIn) -> None:
    path = f"clients/{who.app.client_id}"
    await _admin(protocol, "PATCH", path, json={"status": "disabled"})


async def _delete_client(protocol: Protocol, who: SignedIn) -> None:
    await _admin(protocol, "DELETE", f"clients/{who.app.client_id}")


async def _end_everything(protocol: Protocol, _who: SignedIn) -> None:
    async with protocol.runtime.unit_of_work() as uow:
        await begin_epoch(uow, "restore")


async def _reach_the_end(protocol: Protocol, who: SignedIn) -> None:
    """The session comes to its planned end with the next second."""
    end = protocol.runtime.clock.now() + timedelta(milliseconds=500)
    columns = {"expires_at": end, "absolute_expires_at": end}
    this = Session.id == who.issued.session_id
    await protocol.change(update(Session).where(this).values(**columns))


async def _reach_the_grants_end(protocol: Protocol, who: SignedIn) -> None:
    end = protocol.runtime.clock.now() + timedelta(milliseconds=500)
    this = OAuthGrant.id == who.issued.grant_id
    await protocol.change(update(OAuthGrant).where(this).values(expires_at=end))


ENDS: dict[str, End] = {
    "signed out": sign_out,
    "all sessions ended": _end_all,
    "refresh token revoked": _give_back,
    "access token revoked": _give_one_back,
    "code reused": _reuse,
    "access withdrawn": _withdraw_consent,
    "account disabled": _disable_user,
    "account deleted": _delete_user,
    "client disabled": _disable_client,
    "client deleted": _delete_client,
    "everything ended": _end_everything,
    "session past its end": _reach_the_end,
    "grant past its end": _reach_the_grants_end,
}


@pytest.mark.parametrize("how", ENDS)
async def test_whatever_introspection_calls_inactive_is_told(
    protocol: Protocol, reader: Reader, clock: FakeClock, how: str
) -> None:
    app = await protocol.apps(columns={"audience": API})
    who = await protocol.signed_in(app)
    clock.advance(seconds=2)
    other = await protocol.signed_in(await protocol.apps(columns={"audience": API}))
    assert not await reader.refuses(who.access)

    await ENDS[how](protocol, who)

    assert await reader.refuses(who.access)
    active = (await protocol.introspect(reader.app, who.access)).json()
    assert active == {"active": False}
    spared = (await protocol.introspect(reader.app, other.access)).json()["active"]
    assert await reader.refuses(other.access) is not spared
    assert spared is (how != "everything ended")


async def test_what_a_machine_holds_ends_with_its_client_and_its_epoch(
    protocol: Protocol, reader: Reader, clock: FakeClock
) -> None:
    """No grant stands behind it: it is refused by its client, id or age."""

    async def token(app: Application) -> str:
        answer = await protocol.token(app, {"grant_type": "client_credentials"})
        text: str = answer.json()["access_token"]
        return text

    app = await protocol.apps(columns={"audience": API}, **CREDENTIALS)
    gone = await protocol.apps(columns={"audience": API}, **CREDENTIALS)
    first, of_gone = await token(app), await token(gone)
    path = f"clients/{app.client_id}"

    await _admin(protocol, "PATCH", path, json={"status": "disabled"})
    await _admin(protocol, "DELETE", f"clients/{gone.client_id}")
    assert await reader.refuses(first) and await reader.refuses(of_gone)
    clock.advance(seconds=6)
    await _admin(protocol, "PATCH", path, json={"status": "active"})
    assert await reader.refuses(first)
    assert not await reader.refuses(await token(app))

    async with protocol.runtime.unit_of_work() as uow:
        await begin_epoch(uow, "restore")
    assert await reader.refuses(first)
    clock.advance(seconds=2)
    assert not await reader.refuses(await token(app))


@pytest.mark.parametrize("how", ["made anew", "enabled again"])
async def test_a_client_that_lives_again_has_no_tokens_of_before(
    protocol: Protocol, reader: Reader, clock: FakeClock, how: str
) -> None:
    """Online and in the feed alike; what it gets from then on is good at both."""
    admin = (await protocol.api.admin()).headers
    body = {**CREDENTIALS, "client_id": "robot", "audience": API}
    path = "/api/v1/clients"

    async def made() -> Application:
        answer = await protocol.http.post(path, json=body, headers=admin)
        return Application("robot", answer.json()["client_secret"])

    async def token(app: Application) -> str:
        answer = await protocol.token(app, {"grant_type": "client_credentials"})
        return str(answer.json()["access_token"])

    async def holds(text: str) -> bool:
        """Ask both ways, which have to agree."""
        told = (await protocol.introspect(reader.app, text)).json()["active"]
        assert await reader.refuses(text) is not told
        return bool(told)

    app = await made()
    first = await token(app)
    assert await holds(first)
    for _ in range(2):
        if how == "made anew":
            await _admin(protocol, "DELETE", "clients/robot")
            app = await made()
        else:
            await _admin(
                protocol, "PATCH", "clients/robot", json={"status": "disabled"}
            )
            await _admin(protocol, "PATCH", "clients/robot", json={"status": "active"})
        assert not await holds(first)
        clock.advance(seconds=2)
        second = await token(app)
        assert await holds(second) and not await holds(first)
        first = second


async def test_offline_access_outlives_a_session_and_is_not_told_with_it(
    protocol: Protocol, reader: Reader
) -> None:
    app = await protocol.apps(columns={"audience": API})
    who = await protocol.signed_in(app, "openid offline_access")

    await sign_out(protocol, who)

    assert not await reader.refuses(who.access)


async def test_what_expired_by_now_is_told_no_more(
    protocol: Protocol, reader: Reader, clock: FakeClock
) -> None:
    who = await protocol.signed_in(await protocol.apps(columns={"audience": API}))
    await sign_out(protocol, who)
    assert (await reader.claims())["revoked"]

    clock.advance(hours=1, minutes=2)

    assert (await reader.claims())["revoked"] == ""


async def test_too_much_to_list_becomes_an_instant(
    protocol: Protocol,
    reader: Reader,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing that ended is let through for want of room; newer tokens are good."""
    monkeypatch.setattr(feed, "_MOST", 2)
    app = await protocol.apps(columns={"audience": API})
    ended = []
    for _ in range(4):
        ended.append(await protocol.signed_in(app))
        await sign_out(protocol, ended[-1])
        clock.advance(seconds=5)
    living = await protocol.signed_in(app)

    told = await reader.claims()

    assert len(read_bytes(told["revoked"])) == 2 * told["digest_length"]
    assert all([await reader.refuses(each.access) for each in ended])
    assert not await reader.refuses(living.access)


async def test_tokens_that_ended_alone_count_too_and_stay_over(
    protocol: Protocol,
    reader: Reader,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list has a bound, and the next look does not forget what it left out."""
    monkeypatch.setattr(feed, "_MOST", 2)
    app = await protocol.apps(columns={"audience": API})
    ended = []
    for _ in range(4):
        ended.append(await protocol.signed_in(app))
        await protocol.revoke(app, ended[-1].access)
        clock.advance(seconds=5)

    for _ in range(2):
        told = await reader.claims()
        assert len(read_bytes(told["revoked"])) <= 2 * told["digest_length"]
        assert all([await reader.refuses(each.access) for each in ended])


@pytest.mark.parametrize("options", [{"limits": {"revocation_client": "1/60"}}])
async def test_a_client_does_not_fill_the_list_alone(protocol: Protocol) -> None:
    app = await protocol.apps(columns={"audience": API})
    who = [await protocol.signed_in(app) for _ in range(2)]

    first = await protocol.revoke(app, who[0].access)
    second = await protocol.revoke(app, who[1].access)
    whole = await protocol.revoke(app, who[1].refresh_token)

    assert (first.status_code, second.status_code) == (200, 429)
    assert whole.status_code == 200


async def test_a_client_that_revokes_very_much_moves_its_own_instant_alone(
    protocol: Protocol,
    reader: Reader,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its tokens of before are over; nobody else's are."""
    monkeypatch.setattr(feed, "_MOST_OF_CLIENT", 2)
    other = await protocol.signed_in(await protocol.apps(columns={"audience": API}))
    app = await protocol.apps(columns={"audience": API})
    ended = []
    for _ in range(3):
        clock.advance(seconds=5)
        ended.append(await protocol.signed_in(app))
        await protocol.revoke(app, ended[-1].access)
        assert await reader.refuses(ended[-1].access)
    clock.advance(seconds=5)
    living = await protocol.signed_in(app)

    told = await reader.claims()

    assert told["revoked"] == "" and "tokens_not_before" not in told
    assert all([await reader.refuses(each.access) for each in ended])
    assert not await reader.refuses(other.access)
    assert not await reader.refuses(living.access)


@pytest.mark.parametrize("how", ["access token revoked", "client disabled"])
async def test_what_the_release_before_noted_is_told_as_well(
    protocol: Protocol, reader: Reader, how: str
) -> None:
    """It writes neither when, nor whose: both releases run beside each other."""
    who = await protocol.signed_in(await protocol.apps(columns={"audience": API}))
    assert not await reader.refuses(who.access)

    await ENDS[how](protocol, who)
    columns = {"ended_at": None, "client_entry": None}
    await protocol.change(update(OAuthRevokedToken).values(**columns))

    for _ in range(2):
        assert await reader.refuses(who.access)
