"""Grants: refreshed, narrowed, prolonged, and over when what they hang on is."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from app.events.oauth.grant import GrantEnded
from app.models import OAuthClient, Session, User
from app.services.oauth.grant import end_grant
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.support.oauth import GONE, Protocol


async def test_a_refresh_token_gives_new_tokens_of_the_same_sign_in(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 6749 §6, OIDC Core §12.2: iss, sub, aud and auth_time stay as they were."""
    signed_in = await protocol.signed_in(await protocol.apps(), nonce="n-1")
    _, before = parts(signed_in.tokens["id_token"])
    clock.advance(minutes=10)

    answer = await protocol.refresh(signed_in.app, signed_in.refresh_token)

    tokens = answer.json()
    assert answer.status_code == 200
    assert tokens["refresh_token"] != signed_in.refresh_token
    _, after = parts(tokens["id_token"])
    same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["iat"] == before["iat"] + 600
    assert "nonce" not in after


async def test_less_scope_may_be_asked_for_and_never_more(protocol: Protocol) -> None:
    """RFC 6749 §6: never more than was granted; a refusal spends nothing."""
    app = await protocol.apps()
    signed_in = await protocol.signed_in(app, "openid email profile")
    token = signed_in.refresh_token

    wider = await protocol.refresh(app, token, scope="openid phone")
    narrow = await protocol.refresh(app, token, scope="openid")
    again = await protocol.refresh(app, narrow.json()["refresh_token"])

    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    assert narrow.json()["scope"] == "openid"
    assert parts(narrow.json()["access_token"])[1]["scope"] == "openid"
    assert again.json()["scope"] == "openid email profile"


async def test_too_much_scope_does_not_spend_the_refresh_token(
    protocol: Protocol, clock: FakeClock
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    await protocol.refresh(signed_in.app, signed_in.refresh_token, scope="openid phone")
    clock.advance(seconds=60)  # a spent one would be reuse by now

    answer = await protocol.refresh(signed_in.app, signed_in.refresh_token)

    assert answer.status_code == 200


async def test_a_retry_gets_the_very_same_successor(
    protocol: Protocol, clock: FakeClock
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    first = await protocol.refresh(signed_in.app, signed_in.refresh_token)
    clock.advance(seconds=10)

    second = await protocol.refresh(signed_in.app, signed_in.refresh_token)

    assert second.status_code == 200
    assert second.json()["refresh_token"] == first.json()["refresh_token"]
    assert second.json()["access_token"] != first.json()["access_token"]


async def test_reuse_after_the_window_ends_the_grant(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 9700 §4.14.2: a refresh token that is used again ends the grant."""
    signed_in = await protocol.signed_in(await protocol.apps())
    spent = signed_in.refresh_token
    for _ in range(2):
        token = signed_in.refresh_token
        signed_in.tokens = (await protocol.refresh(signed_in.app, token)).json()
    clock.advance(seconds=11)

    answer = await protocol.refresh(signed_in.app, spent)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    await signed_in.assert_dead()
    [event] = await protocol.events("oauth.refresh_token_reused")
    assert event.user_id == signed_in.user.id
    assert event.data["grant_id"] == str(signed_in.issued.grant_id)


async def test_t037_t119_what_ends_a_grant_ends_its_tokens_at_once(
    protocol: Protocol,
) -> None:
    app = await protocol.apps()
    for what in GONE:
        signed_in = await protocol.signed_in(app)
        assert (await protocol.userinfo(signed_in.access)).status_code == 200

        await protocol.change(GONE[what](signed_in.issued))

        await signed_in.assert_dead()


async def test_t037_t119_a_deleted_person_or_client_leaves_nothing(
    protocol: Protocol,
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    await protocol.change(delete(User).where(User.id == signed_in.user.id))
    await signed_in.assert_dead()

    other = await protocol.signed_in(await protocol.apps())
    same = OAuthClient.client_id == other.app.client_id
    await protocol.change(delete(OAuthClient).where(same))
    protocol.runtime.clients.forget(other.app.client_id)

    assert (await protocol.userinfo(other.access)).status_code == 401
    answer = await protocol.refresh(other.app, other.refresh_token)
    assert answer.json()["error"] == "invalid_client"


async def test_an_offline_grant_outlives_its_session(
    protocol: Protocol, clock: FakeClock
) -> None:
    """OIDC Core §11: offline access, when nobody is signed in any more."""
    signed_in = await protocol.signed_in(await protocol.apps(), "openid offline_access")
    for what in ("session revoked", "session past its end"):
        await protocol.change(GONE[what](signed_in.issued))
    clock.advance(days=29)

    answer = await protocol.refresh(signed_in.app, signed_in.refresh_token)

    assert answer.status_code == 200
    access = answer.json()["access_token"]
    assert (await protocol.userinfo(access)).status_code == 200


@pytest.mark.parametrize(
    ("scope", "idle", "absolute"),
    [
        ("openid", timedelta(days=14), timedelta(days=90)),
        ("openid offline_access", timedelta(days=30), timedelta(days=365)),
    ],
)
async def test_a_grant_ends_unused_and_after_all_of_its_time(
    protocol: Protocol,
    clock: FakeClock,
    scope: str,
    idle: timedelta,
    absolute: timedelta,
) -> None:
    app, begin = await protocol.apps(), clock.now()
    unused = await protocol.signed_in(app, scope)
    used = await protocol.signed_in(app, scope)

    while clock.now() + idle < begin + absolute:
        clock.advance(days=idle.days, seconds=-1)
        answer = await protocol.refresh(app, used.refresh_token)
        assert answer.status_code == 200, clock.now() - begin
        used.tokens = answer.json()
    await unused.assert_dead()
    clock.advance(seconds=(begin + absolute - clock.now()).total_seconds())

    await used.assert_dead()


async def test_refreshing_prolongs_the_session_once_a_day(
    protocol: Protocol, clock: FakeClock
) -> None:
    # ADR-0011: an application in use keeps its person signed in
    signed_in = await protocol.signed_in(await protocol.apps())
    offline = await protocol.signed_in(
        signed_in.app, "openid offline_access", user=signed_in.user
    )
    ends = [
        await _session_end(protocol, one.issued.session_id)
        for one in (signed_in, offline)
    ]
    steps = []
    for hours in (23, 2, 1):
        clock.advance(hours=hours)
        for one in (signed_in, offline):
            one.tokens = (await protocol.refresh(one.app, one.refresh_token)).json()
        steps.append(await _session_end(protocol, signed_in.issued.session_id))

    assert [step - ends[0] for step in steps] == [
        timedelta(0),
        timedelta(hours=25),
        timedelta(hours=25),
    ]
    assert await _session_end(protocol, offline.issued.session_id) == ends[1]


async def _session_end(protocol: Protocol, session_id: Any) -> Any:
    async with protocol.runtime.database.session(read_only=True) as db:
        return (await db.get_one(Session, session_id)).expires_at


async def test_a_client_that_was_disabled_gets_and_learns_nothing(
    protocol: Protocol,
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    other = await protocol.apps(
        columns={
            "is_resource_server": True,
            "audience": protocol.runtime.settings.public_url,
        }
    )
    assert (await protocol.introspect(other, signed_in.access)).json()["active"]

    await protocol.disable(OAuthClient, signed_in.app.client_id)
    protocol.runtime.clients.forget(signed_in.app.client_id)

    refreshed = await protocol.refresh(signed_in.app, signed_in.refresh_token)
    assert (refreshed.status_code, refreshed.json()["error"]) == (401, "invalid_client")
    assert (await protocol.userinfo(signed_in.access)).status_code == 401
    known = await protocol.introspect(other, signed_in.access)
    assert known.json() == {"active": False}


async def test_another_process_sees_a_disabled_client_within_seconds(
    protocol: Protocol, clock: FakeClock
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    await protocol.disable(OAuthClient, signed_in.app.client_id)  # no forget() here

    clock.advance(seconds=3)

    assert (await protocol.userinfo(signed_in.access)).status_code == 401
    answer = await protocol.refresh(signed_in.app, signed_in.refresh_token)
    assert answer.json()["error"] == "invalid_client"


async def test_of_two_who_end_a_grant_one_leaves_evidence(protocol: Protocol) -> None:
    issued = (await protocol.signed_in(await protocol.apps())).issued
    ended = GrantEnded(
        user_id=issued.user_id, client_id="x", grant_id=issued.grant_id, reason="y"
    )

    for _ in range(2):
        await end_grant(protocol.runtime, issued.grant_id, "y", ended)

    assert len(await protocol.events("oauth.grant_ended")) == 1
