"""``/oauth2/revoked`` over HTTP: who reads it, and what waiting for news is."""

import asyncio
from typing import Any

import pytest

from app.services.oauth import revoked as feed
from tests.provider.resources.feed import API, PATH, Reader, make_reader, sign_out
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol


@pytest.fixture
async def reader(protocol: Protocol, clock: FakeClock) -> Reader:
    """A resource server."""
    return await make_reader(protocol, clock)


async def test_only_resource_servers_read_it(
    protocol: Protocol, reader: Reader
) -> None:
    """RFC 7662 §4: as for introspection, who asks proves it; and is an API."""
    other = await protocol.apps()
    nobody = await protocol.http.get(PATH)
    wrong = await protocol.http.get(PATH, auth=(reader.app.client_id, "guess"))
    client = await protocol.http.get(PATH, headers=other.basic)

    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert client.json()["error"] == "access_denied"


async def test_what_is_known_is_not_sent_again(
    protocol: Protocol, reader: Reader
) -> None:
    """RFC 9110 §13.1.2: 304 where the entity tag is the same."""
    first = await reader.get()
    again = await reader.get(**{"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    who = await protocol.signed_in(await protocol.apps(columns={"audience": API}))
    await sign_out(protocol, who)
    news = await reader.get(**{"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"] == "application/jwt"
    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert news.status_code == 200
    assert news.headers["etag"] != first.headers["etag"]


async def test_the_list_is_no_other_kind_of_token(
    protocol: Protocol, reader: Reader
) -> None:
    """RFC 8725 §3.11, §3.12: explicit types, and rules that exclude one another."""
    document = (await reader.get()).text

    known = await protocol.introspect(reader.app, document)
    person = await protocol.userinfo(document)
    account = await protocol.http.get(
        "/api/v1/users/me", headers={"Authorization": f"Bearer {document}"}
    )

    assert known.json() == {"active": False}
    assert (person.status_code, account.status_code) == (401, 401)


async def test_a_reader_waits_for_news(protocol: Protocol, reader: Reader) -> None:
    """RFC 7240 §4.3: the answer comes when there is one, or when the wait is over."""
    who = await protocol.signed_in(await protocol.apps(columns={"audience": API}))
    first = await reader.get()
    asking = {"If-None-Match": first.headers["etag"], "Prefer": "wait=20"}

    waiting = asyncio.create_task(reader.get(**asking))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await sign_out(protocol, who)
    reader.clock.advance(seconds=1)
    news = await waiting

    assert news.status_code == 200
    assert news.headers["preference-applied"] == "wait=20"


async def test_the_end_of_the_process_ends_the_wait(
    protocol: Protocol, reader: Reader
) -> None:
    first = await reader.get()
    asking = {"If-None-Match": first.headers["etag"], "Prefer": "wait=30"}
    waiting = asyncio.create_task(reader.get(**asking))
    await asyncio.sleep(0.1)

    protocol.runtime.stopping.is_begun = True

    answer = await asyncio.wait_for(waiting, 10)  # of 30 that it would wait
    assert answer.status_code == 304


async def test_nobody_waits_where_too_many_do(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_WAITING", 0)
    first = await reader.get()
    asking = {"If-None-Match": first.headers["etag"], "Prefer": "wait=30"}

    answer = await reader.get(**asking)

    assert answer.status_code == 304
    assert "preference-applied" not in answer.headers  # RFC 7240 §3


async def test_one_reader_leaves_room_for_the_others(
    protocol: Protocol, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of one API, or whoever has its secret, do not take every place."""
    monkeypatch.setattr(feed, "MOST_OF_ONE", 2)
    other = await make_reader(protocol, reader.clock)
    first = await reader.get()
    asking = {"If-None-Match": first.headers["etag"], "Prefer": "wait=30"}
    places = protocol.runtime.revoked._waiting
    held = [asyncio.create_task(reader.get(**asking)) for _ in range(2)]
    while places.total() < 2:
        await asyncio.sleep(0.01)

    beyond = await reader.get(**asking)
    waiting = asyncio.create_task(other.get(**asking))
    while places.total() < 3:
        await asyncio.sleep(0.01)
    await sign_out(
        protocol,
        await protocol.signed_in(await protocol.apps(columns={"audience": API})),
    )
    reader.clock.advance(seconds=1)
    served = await asyncio.gather(*held, waiting)

    assert beyond.status_code == 304
    assert "preference-applied" not in beyond.headers
    assert [answer.status_code for answer in served] == [200, 200, 200]
    assert {answer.headers["preference-applied"] for answer in served} == {"wait=30"}
    assert not places


async def test_many_who_ask_are_one_question(
    protocol: Protocol, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers do not add to what the database is asked."""
    statements = protocol.runtime.revoked._statements
    asked = []
    read = statements.ended

    async def counted(*arguments: Any, **more: Any) -> list[Any]:
        asked.append(arguments)
        return await read(*arguments, **more)

    monkeypatch.setattr(statements, "ended", counted)
    reader.clock.advance(seconds=1)
    get = protocol.http.get
    answers = await asyncio.gather(
        *(get(PATH, headers=reader.app.basic) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len(asked) == 1


@pytest.mark.parametrize("options", [{"oauth": {"revoked_tokens": "off"}}])
async def test_it_can_be_off(protocol: Protocol, reader: Reader) -> None:
    answer = await reader.get()
    metadata = await protocol.http.get("/.well-known/oauth-authorization-server")

    assert (answer.status_code, answer.json()["error"]) == (404, "invalid_request")
    assert "revoked_tokens_endpoint" not in metadata.json()


@pytest.mark.parametrize("options", [{"oauth": {"revoked_tokens": "public"}}])
async def test_it_can_be_public_and_strangers_cannot_wait(
    protocol: Protocol, reader: Reader
) -> None:
    """Connections that wait are few, and kept for those who are known."""
    first = await protocol.http.get(PATH)
    asking = {"If-None-Match": first.headers["etag"], "Prefer": "wait=30"}
    again = await protocol.http.get(PATH, headers=asking)
    metadata = await protocol.http.get("/.well-known/oauth-authorization-server")

    assert (first.status_code, again.status_code) == (200, 304)
    assert "preference-applied" not in again.headers
    issuer = protocol.runtime.settings.public_url
    assert metadata.json()["revoked_tokens_endpoint"] == f"{issuer}{PATH}"
