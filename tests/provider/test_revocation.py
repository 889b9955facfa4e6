"""Revocation over HTTP (RFC 7009): what ends, and for whom."""

from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

PATH = "/oauth2/revoke"


async def test_t038_a_refresh_token_ends_all_for_every_kind_of_client(
    protocol: Protocol,
) -> None:
    """RFC 7009 §2, §2.1: it MUST be possible; its access tokens end too."""
    for register in (protocol.apps, protocol.apps.public, protocol.apps.with_key):
        signed_in = await protocol.signed_in(await register())

        answer = await protocol.revoke(signed_in.app, signed_in.refresh_token)

        assert (answer.status_code, answer.json()) == (200, {})
        await signed_in.assert_dead()
        event = (await protocol.events("oauth.grant_ended"))[-1]
        assert event.user_id == signed_in.user.id
        assert event.data["reason"] == "revoked_by_client"
        again = await protocol.revoke(signed_in.app, signed_in.refresh_token)
        assert again.status_code == 200


async def test_an_access_token_ends_alone_and_at_once(protocol: Protocol) -> None:
    """RFC 7009 §2.1, §2.2: at once; 200 also when it is over already."""
    signed_in = await protocol.signed_in(await protocol.apps())
    assert (await protocol.userinfo(signed_in.access)).status_code == 200

    answers = [await protocol.revoke(signed_in.app, signed_in.access) for _ in "ab"]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await protocol.userinfo(signed_in.access)).status_code == 401
    known = await protocol.introspect(signed_in.app, signed_in.access)
    assert known.json() == {"active": False}
    refreshed = await protocol.refresh(signed_in.app, signed_in.refresh_token)
    assert refreshed.status_code == 200
    access = refreshed.json()["access_token"]
    assert (await protocol.userinfo(access)).status_code == 200
    assert len(await protocol.events("oauth.access_token_revoked")) == 1


async def test_a_spent_refresh_token_ends_the_grant_as_well(
    protocol: Protocol, clock: FakeClock
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    spent = signed_in.refresh_token
    signed_in.tokens = (await protocol.refresh(signed_in.app, spent)).json()
    clock.advance(minutes=1)

    await protocol.revoke(signed_in.app, spent)

    await signed_in.assert_dead()
    assert await protocol.events("oauth.refresh_token_reused") == []


async def test_another_clients_token_is_refused_and_lives_on(
    protocol: Protocol,
) -> None:
    """RFC 7009 §2.1: issued to another client, it is refused."""
    signed_in, other = await protocol.signed_in(await protocol.apps()), None
    for register in (protocol.apps, protocol.apps.public):
        other = await register()
        for token in (signed_in.access, signed_in.refresh_token):
            answer = await protocol.revoke(other, token)

            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_grant"

    assert (await protocol.userinfo(signed_in.access)).status_code == 200
    answer = await protocol.refresh(signed_in.app, signed_in.refresh_token)
    assert answer.status_code == 200


async def test_what_is_unknown_counts_as_ended(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 7009 §2.1, §2.2: unknown is as good as over; the hint decides nothing."""
    signed_in = await protocol.signed_in(await protocol.apps())
    clock.advance(seconds=300)
    for token in ("x", "a.b.c", signed_in.access, "as_gt_" + "A" * 75):
        form = {"token": token, "token_type_hint": "something"}

        answer = await protocol.ask("revoke", signed_in.app, form)

        assert answer.status_code == 200, token


async def test_a_token_of_another_kind_cannot_be_revoked(protocol: Protocol) -> None:
    """RFC 7009 §2.2.1: unsupported_token_type."""
    signed_in = await protocol.signed_in(await protocol.apps())
    person = await protocol.api.person()

    for token in (signed_in.tokens["id_token"], person.tokens["access_token"]):
        answer = await protocol.revoke(signed_in.app, token)

        assert answer.status_code == 400
        assert answer.json()["error"] == "unsupported_token_type"
    assert (await protocol.api.get("/users/me", person)).status_code == 200


async def test_who_asks_has_to_prove_it(protocol: Protocol) -> None:
    """RFC 7009 §2.1: the credentials of a confidential client are checked first."""
    signed_in = await protocol.signed_in(await protocol.apps())
    form = {"token": signed_in.refresh_token, "client_id": signed_in.app.client_id}

    answer = await protocol.http.post(PATH, data=form)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    refreshed = await protocol.refresh(signed_in.app, signed_in.refresh_token)
    assert refreshed.status_code == 200
