"""What a role that demands two factors is worth in a session that proved one."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.models import Role
from app.services.server.runtime import Runtime
from app.services.sign_in.password import SignInService
from tests.factories.factor import FactorFactory
from tests.security.test_permissions import NEEDED, Operation, send, targets
from tests.support.api import PASSWORD, Api, Person
from tests.support.tables import contents

REFUSED = (403, "second_factor_required", "aal2")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: both read the same two columns."""
    return sqlite_url


async def demand(runtime: Runtime, *, is_demanded: bool = True) -> None:
    """Have administrators prove two factors; nothing is ended on the way."""
    async with runtime.unit_of_work() as uow:
        change = update(Role).where(Role.name == "admin")
        await uow.db.execute(change.values(mfa_required=is_demanded))


async def with_two(api: Api, person: Person) -> Person:
    """Sign somebody in with an authenticator app that they are given."""
    app = await FactorFactory(api.runtime).totp(person.id)
    first = (await api.login(person.email)).json()
    body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": app.code}
    tokens = (await api.post("/auth/mfa", body)).json()
    return Person(person.id, person.email, tokens)


async def asked(api: Api, person: Person, path: str = "/users") -> tuple[object, ...]:
    """Return what somebody gets who asks for what a role of theirs opens."""
    answer = await api.get(path, person)
    document = answer.json()
    return answer.status_code, document.get("code"), document.get("acr_values")


@pytest.mark.parametrize("operation", sorted(NEEDED), ids=" ".join)
async def test_t098_a_demand_holds_for_sessions_that_are_there(
    api: Api, runtime: Runtime, operation: Operation
) -> None:
    admin = await api.admin()
    values = await targets(api, 1)
    await demand(runtime)
    before = await contents(runtime)

    refused = await send(api, operation, values, admin)

    document = refused.json()
    found = refused.status_code, document["code"], document["acr_values"]
    assert found == REFUSED
    assert await contents(runtime) == before


async def test_t098_a_demand_of_the_installation_holds_for_every_role(
    api: Api, app: FastAPI, runtime: Runtime
) -> None:
    admin = await api.admin()
    before = await asked(api, admin)

    demanding = runtime.settings.mfa.model_copy(update={"required": True})
    settings = runtime.settings.model_copy(update={"mfa": demanding})
    app.state.runtime = replace(runtime, settings=settings)

    assert (before[0], await asked(api, admin)) == (200, REFUSED)


async def test_t098_a_role_that_is_given_later_demands_as_much(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    await demand(runtime)
    async with runtime.unit_of_work() as uow:
        await uow.users.add_roles(person.id, ["admin"])

    assert await asked(api, person) == REFUSED


async def test_t098_a_role_that_is_given_during_a_sign_in_demands_as_much(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await api.users.with_password(PASSWORD)
    await demand(runtime)
    judged = SignInService._is_due

    async def given_meanwhile(*arguments: object) -> bool:
        # Whatever it was called with is handed on.
        due = await judged(*arguments)  # type: ignore[arg-type]
        async with runtime.unit_of_work() as uow:
            await uow.users.add_roles(user.id, ["admin"])
        return due

    monkeypatch.setattr(SignInService, "_is_due", given_meanwhile)
    person = await api.signed_in(Person(user.id, user.email))

    assert await asked(api, person) == REFUSED


async def test_a_refresh_makes_one_factor_no_more_than_one(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    await demand(runtime)

    body = {"refresh_token": admin.tokens["refresh_token"]}
    tokens = (await api.post("/auth/refresh", body)).json()

    assert await asked(api, Person(admin.id, admin.email, tokens)) == REFUSED


async def test_what_no_role_opens_stays_open_and_leads_to_a_factor(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    await demand(runtime)

    own = [
        (await api.get(path, admin)).status_code
        for path in ("/users/me", "/users/me/sessions", "/users/me/factors")
    ]

    assert own == [200] * 3
    assert (await api.post("/users/me/totp", None, admin)).status_code == 200


async def test_two_factors_have_what_a_role_opens_and_old_ones_too(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    await demand(runtime)

    assert (await asked(api, await with_two(api, admin)))[0] == 200
    assert await asked(api, admin) == REFUSED
    await demand(runtime, is_demanded=False)
    assert (await asked(api, admin))[0] == 200


async def test_roles_that_demand_nothing_count_beside_one_that_does(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    role = {"name": "auditor", "permissions": ["audit:read"]}
    await api.post("/roles", role, admin)
    person = await api.person("admin", "auditor")
    await demand(runtime)

    assert (await asked(api, person, "/audit-events"))[0] == 200
    assert await asked(api, person) == REFUSED


async def test_who_has_no_such_role_is_asked_for_nothing(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    await demand(runtime)

    assert await asked(api, person) == (403, "forbidden", None)
