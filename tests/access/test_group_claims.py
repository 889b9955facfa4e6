"""Scopes ``groups`` and ``roles``: what applications are told of membership."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core import jose
from app.database import Database
from app.models import Group, OAuthGrant, Role, UserClaims
from tests.access.conftest import MakeGroup
from tests.support.oauth import Protocol

Leave = Callable[[Group, UUID], Awaitable[None]]
SCOPE = "openid email groups roles"


async def test_userinfo_tells_groups_and_roles_of_the_moment(
    protocol: Protocol, make_group: MakeGroup, leave: Leave
) -> None:
    await protocol.api.users(roles=["admin"])  # another one has to be left
    user = await protocol.api.users()
    group = await make_group("staff", user.id, roles=["admin"])
    await make_group("Alpha", user.id)
    app = await protocol.apps(scope=SCOPE)
    signed_in = await protocol.signed_in(app, "openid groups roles", user=user)

    inside = (await protocol.userinfo(signed_in.access)).json()
    await leave(group, user.id)
    after = (await protocol.userinfo(signed_in.access)).json()

    told = {"groups": ["Alpha", "staff"], "roles": ["admin", "user"]}
    assert inside == {"sub": str(user.id)} | told
    assert after == {"sub": str(user.id), "groups": ["Alpha"], "roles": ["user"]}


async def test_who_is_in_no_group_has_an_empty_list(protocol: Protocol) -> None:
    app = await protocol.apps(scope=SCOPE)
    signed_in = await protocol.signed_in(app, "openid groups")

    assert (await protocol.userinfo(signed_in.access)).json()["groups"] == []


async def test_the_id_token_has_them_when_the_claims_parameter_asks(
    protocol: Protocol, make_group: MakeGroup
) -> None:
    """OIDC Core §5.5: ``claims`` asks for single claims in the ID token."""
    user = await protocol.api.users()
    await make_group("staff", user.id)
    app = await protocol.apps(scope=SCOPE)
    asked: dict[str, Any] = {"id_token": {"groups": {}}}

    plain = await protocol.signed_in(app, "openid groups", user=user)
    wished = await protocol.signed_in(app, user=user, claims=asked)

    assert "groups" not in jose.unverified_claims(plain.tokens["id_token"])
    claims = jose.unverified_claims(wished.tokens["id_token"])
    assert claims["groups"] == ["staff"] and "roles" not in claims


async def test_nothing_that_a_person_wrote_passes_for_membership(
    protocol: Protocol,
) -> None:
    user = await protocol.api.users()
    async with protocol.runtime.unit_of_work() as uow:
        evil = {"groups": ["admins"], "roles": ["admin"]}
        uow.user_claims.add(
            UserClaims(user_id=user.id, claims=evil, updated_at=uow.clock.now())
        )
    app = await protocol.apps(scope=SCOPE)
    signed_in = await protocol.signed_in(app, "openid groups roles", user=user)

    told = (await protocol.userinfo(signed_in.access)).json()

    assert (told["groups"], told["roles"]) == ([], ["user"])


async def test_an_application_without_the_scope_costs_no_statement_more(
    protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await protocol.apps(scope=SCOPE)
    plain = await protocol.signed_in(app, "openid email")
    telling = await protocol.signed_in(app, "openid groups")
    asked: list[str] = []
    fetch = Database.fetch_all

    async def noted(self: Database, statement: Any, values: Any) -> Any:
        asked.append("statement")
        return await fetch(self, statement, values)

    monkeypatch.setattr(Database, "fetch_all", noted)
    for signed_in in (plain, telling):
        asked.append("--")
        await protocol.userinfo(signed_in.access)

    between = asked.index("--", 1)
    assert (between - 1, len(asked) - between - 1) == (1, 2)


async def test_t098_a_role_that_demands_two_factors_is_not_told_of_one(
    protocol: Protocol, make_group: MakeGroup
) -> None:
    user = await protocol.api.users()
    await make_group("staff", user.id, roles=["admin"])
    demanded = update(Role).where(Role.name == "admin").values(mfa_required=True)
    await protocol.change(demanded)
    app = await protocol.apps(scope=SCOPE)
    asked: dict[str, Any] = {"id_token": {"roles": {}}}
    one = await protocol.signed_in(app, "openid roles", user=user, claims=asked)

    weak = (await protocol.userinfo(one.access)).json()
    await protocol.change(update(OAuthGrant).values(acr="aal2"))
    strong = (await protocol.userinfo(one.access)).json()

    assert jose.unverified_claims(one.tokens["id_token"])["roles"] == ["user"]
    assert (weak["roles"], strong["roles"]) == (["user"], ["admin", "user"])
