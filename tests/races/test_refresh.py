"""Refresh tokens, codes and assertions, sent at the same moment to two processes."""

from datetime import timedelta
from typing import Any

from httpx2 import AsyncClient
from sqlalchemy import update

from app.models import OAuthGrant, Session
from tests.factories.oauth import ApplicationFactory
from tests.races.crowd import address, crowd, statuses
from tests.support.api import Api
from tests.support.oauth import Protocol


async def test_t034_a_refresh_token_sent_a_hundred_times_has_one_successor(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    body = {"refresh_token": person.tokens["refresh_token"]}

    answers = await crowd(both, "/api/v1/auth/refresh", [body] * 100)

    assert statuses(answers) == {200: 100}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert successors != {body["refresh_token"]}
    [leaf] = successors
    after = await crowd(both, "/api/v1/auth/refresh", [{"refresh_token": leaf}] * 2)
    assert statuses(after) == {200: 2}
    assert len({answer.json()["refresh_token"] for answer in after} - {leaf}) == 1


async def test_t034_a_refresh_token_reused_after_the_window_ends_the_session(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    body = {"refresh_token": person.tokens["refresh_token"]}
    successor = (await api.post("/auth/refresh", body)).json()
    used = {"refresh_token": successor["refresh_token"]}
    successor = (await api.post("/auth/refresh", used)).json()
    async with api.runtime.unit_of_work() as uow:
        past = uow.clock.now() - timedelta(minutes=2)
        mine = update(Session).where(Session.user_id == person.id)
        await uow.db.execute(mine.values(refreshed_at=past))

    answers = await crowd(both, "/api/v1/auth/refresh", [body] * 20)

    assert statuses(answers) == {401: 20}
    again = {"refresh_token": successor["refresh_token"]}
    assert (await api.post("/auth/refresh", again)).status_code == 401
    trail = await api.trail(person.id)
    assert trail.count("session.refresh_token_reused") == 1


async def _long_ago(api: Api, table: Any, which: Any) -> None:
    """Let everything of it have been counted longer ago than the window."""
    async with api.runtime.unit_of_work() as uow:
        past = uow.clock.now() - timedelta(hours=1)
        await uow.db.execute(update(table).where(which).values(refreshed_at=past))


async def test_a_lost_answer_that_is_asked_for_late_by_a_crowd_signs_nobody_out(
    api: Api, both: list[AsyncClient]
) -> None:
    """The retries race each other, and then the first use of what they bring."""
    person = await api.person(email=address())
    app = await Protocol(api).apps.public()
    who = await Protocol(api).signed_in(app, user=await api.users(email=address()))
    form = {"grant_type": "refresh_token", "client_id": app.client_id}
    kinds: list[tuple[str, dict[str, str], bool, str]] = [
        ("/api/v1/auth/refresh", {}, False, person.tokens["refresh_token"]),
        ("/oauth2/token", form, True, who.refresh_token),
    ]
    for path, fields, is_form, spent in kinds:
        lost = await crowd(
            both, path, [fields | {"refresh_token": spent}], form=is_form
        )
        successor = lost[0].json()["refresh_token"]
        await _long_ago(api, Session, Session.user_id == person.id)
        await _long_ago(api, OAuthGrant, OAuthGrant.id == who.issued.grant_id)
        # Two of a kind after each other, so that both processes get both.
        tokens = [(spent, successor)[number // 2 % 2] for number in range(100)]
        bodies = [fields | {"refresh_token": token} for token in tokens]

        answers = await crowd(both, path, bodies, form=is_form)

        assert statuses(answers) == {200: 100}
        given = {
            kind: {
                answer.json()["refresh_token"]
                for token, answer in zip(tokens, answers)
                if token == kind
            }
            for kind in (spent, successor)
        }
        assert given[spent] == {successor}
        assert len(given[successor]) == 1
        assert given[successor].isdisjoint({spent, successor})


async def test_t034_a_grants_refresh_token_sent_a_hundred_times_has_one_successor(
    api: Api, both: list[AsyncClient]
) -> None:
    protocol = Protocol(api)
    app = await protocol.apps.public()
    who = await protocol.signed_in(app, user=await api.users(email=address()))
    form = {"grant_type": "refresh_token", "client_id": app.client_id}
    spent = form | {"refresh_token": who.refresh_token}

    answers = await crowd(both, "/oauth2/token", [spent] * 100, form=True)

    assert statuses(answers) == {200: 100}
    [leaf] = {answer.json()["refresh_token"] for answer in answers}
    assert leaf != who.refresh_token
    after = await crowd(
        both, "/oauth2/token", [form | {"refresh_token": leaf}] * 2, form=True
    )
    assert statuses(after) == {200: 2}
    assert len({answer.json()["refresh_token"] for answer in after} - {leaf}) == 1
    async with api.runtime.unit_of_work() as uow:
        past = uow.clock.now() - timedelta(minutes=2)
        mine = update(OAuthGrant).where(OAuthGrant.id == who.issued.grant_id)
        await uow.db.execute(mine.values(refreshed_at=past))

    reused = await crowd(both, "/oauth2/token", [spent] * 20, form=True)

    assert statuses(reused) == {400: 20}
    late = [form | {"refresh_token": a.json()["refresh_token"]} for a in after]
    dead = await crowd(both, "/oauth2/token", late, form=True)
    assert statuses(dead) == {400: 2}
    trail = await api.trail(who.user.id)
    assert trail.count("oauth.refresh_token_reused") == 1


async def test_t023_a_code_sent_two_hundred_times_gives_tokens_once_and_they_die(
    api: Api, both: list[AsyncClient]
) -> None:
    """RFC 6749 §4.1.2: once, also when it comes two hundred times at once."""
    protocol = Protocol(api)
    app = await protocol.apps.public()
    issued = await protocol.codes(app, await api.users(email=address()))
    form = issued.form | {"client_id": app.client_id}

    answers = await crowd(both, "/oauth2/token", [form] * 200, form=True)

    assert statuses(answers) == {200: 1, 400: 199}
    errors = {a.json()["error"] for a in answers if a.status_code == 400}
    assert errors == {"invalid_grant"}
    [tokens] = [a.json() for a in answers if a.status_code == 200]
    for http in both:
        there = Protocol(Api(http, api.runtime))
        assert (await there.userinfo(tokens["access_token"])).status_code == 401
        again = await there.refresh(app, tokens["refresh_token"])
        assert again.json()["error"] == "invalid_grant"
    assert (await api.trail(issued.user_id)).count("oauth.code_reused") == 1


async def test_an_assertion_sent_fifty_times_counts_once(
    api: Api, both: list[AsyncClient]
) -> None:
    app = await ApplicationFactory(api.runtime).with_key()
    form = {"token": "x"} | app.assertion(api.runtime)

    answers = await crowd(both, "/oauth2/introspect", [form] * 50, form=True)

    assert statuses(answers) == {200: 1, 401: 49}
