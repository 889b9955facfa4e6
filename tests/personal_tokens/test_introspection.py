"""Personal access tokens at APIs that ask what a token is (RFC 7662)."""

from typing import Any

import pytest
from sqlalchemy import delete

from app.models import UserRole
from tests.personal_tokens.maker import Tokens
from tests.support.api import Api
from tests.support.oauth import Protocol

API = "https://builds.example"


@pytest.fixture
def options() -> dict[str, object]:
    """One other API takes them."""
    return {"personal_tokens": {"enabled": True, "audiences": [API]}}


async def server(protocol: Protocol, audience: str) -> Any:
    columns = {"is_resource_server": True, "audience": audience}
    return await protocol.apps(columns=columns)


async def test_apis_that_the_operator_names_learn_what_it_is(
    api: Api, tokens: Tokens, protocol: Protocol
) -> None:
    """RFC 7662 §2.2: active is REQUIRED, and the rest is what it is worth now."""
    person = await api.admin()
    made = await tokens.make(person, "account:read", "users:read")
    asking = await server(protocol, API)

    before = (await protocol.introspect(asking, made["token"])).json()
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(delete(UserRole))
    after = (await protocol.introspect(asking, made["token"])).json()

    assert before["active"] and before["sub"] == str(person.id)
    assert before["scope"] == "account:read users:read"
    assert (before["token_type"], before["acr"]) == ("Bearer", "aal1")
    assert before["jti"] == made["id"] and "client_id" not in before
    assert after["scope"] == "account:read"  # what it may do at this moment


async def test_nobody_else_learns_of_it(
    api: Api, tokens: Tokens, protocol: Protocol
) -> None:
    """RFC 7662 §4: who asks is told of tokens for it only."""
    person = await api.person()
    made = await tokens.make(person)
    asking = await server(protocol, API)
    others = [
        (await server(protocol, "https://other.example"), made["token"]),
        (await protocol.apps(columns={"audience": API}), made["token"]),
        (asking, made["token"][:-1]),
        (asking, "as_pat_"),
    ]

    told = [(await protocol.introspect(*each)).json() for each in others]
    await api.delete(f"/users/me/tokens/{made['id']}", person)
    told.append((await protocol.introspect(asking, made["token"])).json())

    assert told == [{"active": False}] * 5


async def test_a_client_does_not_revoke_it(
    api: Api, tokens: Tokens, protocol: Protocol
) -> None:
    """RFC 7009 §2.2: a token that is not the client's, told as one that is gone."""
    made = await tokens.make(await api.person())

    answer = await protocol.revoke(await server(protocol, API), made["token"])

    assert answer.status_code == 200
    assert (await tokens.use(made["token"])).status_code == 200
