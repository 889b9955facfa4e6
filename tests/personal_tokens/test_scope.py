"""What a personal access token may do: every route, with each scope and with none.

Generated from the routes that there are: a new one is asked too, and has to be decided.
"""

from typing import Any, get_args
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.models import Role
from app.models.access.personal_token import PersonalToken
from app.policies.personal_token import HOSTS_ENTER, SCOPES
from app.schemas.role import Permission
from app.services.server.runtime import Runtime
from tests.http.test_api_document import document
from tests.personal_tokens.maker import Tokens
from tests.security.test_permissions import NEEDED, OWN
from tests.support.api import Api
from tests.support.tables import contents

Operation = tuple[str, str]
READ = {each for each in OWN if each[0] == "get"}
WRITE: set[Operation] = {
    ("patch", "/users/me"),
    ("put", "/users/me/claims"),
    ("put", "/users/me/picture"),
    ("delete", "/users/me/picture"),
    ("delete", "/users/me/sessions"),
    ("delete", "/users/me/sessions/{session_id}"),
    ("delete", "/users/me/devices/{device_id}"),
    ("delete", "/users/me/consents/{client_id}"),
}
# Of parts of paths; whatever else a path may name is an id.
VALUES = {"name": "nobody", "client_id": "shop", "factor": "totp", "host": "a.example"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: what a scope opens is decided by Python alone."""
    return sqlite_url


class Values(dict[str, str]):
    """Values of path parameters."""

    def __missing__(self, name: str) -> str:
        return str(uuid4())


def needed(operation: Operation) -> str | None:
    """Return the scope that opens a route; None is one that no token opens."""
    if operation in NEEDED:
        return NEEDED[operation]
    if operation in READ:
        return "account:read"
    return "account:write" if operation in WRITE else None


def operations() -> list[Operation]:
    return [
        (method, path.removeprefix("/api/v1"))
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if "security" in operation and path.startswith("/api/")
    ]


def test_every_permission_is_a_scope_and_there_are_three_of_ones_own() -> None:
    own = {"account:read", "account:write", HOSTS_ENTER}
    assert set(SCOPES) == {*own, *get_args(Permission)}


async def test_every_route_opens_with_its_scope_and_with_no_other(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    person = await api.admin()
    token = (await tokens.make(person))["token"]
    asked = operations()
    opened: dict[Operation, set[str]] = {each: set() for each in asked}

    for scope in ("", *SCOPES):
        async with runtime.unit_of_work() as uow:
            await uow.db.execute(update(PersonalToken).values(scope=scope))
        for method, path in asked:
            body: Any = None if method in ("get", "delete") else []  # no object
            answer = await tokens.use(
                token, path.format_map(Values(VALUES)), method, body
            )
            if answer.status_code != 403:
                opened[method, path].add(scope)
            else:
                closed = answer.json()["code"], needed((method, path))
                code = "token_refused" if closed[1] is None else "token_scope_missing"
                assert closed[0] == code, (method, path, scope)

    assert len(asked) > 80
    # Two permissions open them, and here a token has one.
    assert opened.pop(("get", "/clients/{client_id}/preview")) == set()
    assert opened.pop(("delete", "/webhooks/{webhook_id}")) == set()
    assert opened.pop(("post", "/webhooks/{webhook_id}/test")) == set()
    for operation, scopes in opened.items():
        right = needed(operation)
        assert scopes == ({right} if right else set()), operation


async def test_a_missing_scope_is_named_and_changes_nothing(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    """RFC 6750 §3, §3.1: insufficient_scope, and which one it takes."""
    token = (await tokens.make(await api.person()))["token"]
    await tokens.use(token)
    await runtime.personal_tokens.settle()
    before = await contents(runtime)

    refused = await tokens.use(token, "/users/me", "PATCH", {"name": "Ann"})

    assert (refused.status_code, refused.json()["scope"]) == (403, "account:write")
    said = 'Bearer error="insufficient_scope", scope="account:write"'
    assert refused.headers["www-authenticate"].startswith(said)
    assert await contents(runtime) == before


async def test_a_right_that_the_owner_lost_is_gone_from_the_token_at_once(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    admin = await api.admin()
    body = {"name": "reader", "permissions": ["users:read"]}
    await api.post("/roles", body, admin)
    person = await api.person("reader")
    token = (await tokens.make(person, "users:read"))["token"]
    before = await tokens.use(token, "/users")

    async with runtime.unit_of_work() as uow:
        gone = update(Role).where(Role.name == "reader").values(permissions=[])
        await uow.db.execute(gone)
    after = await tokens.use(token, "/users")

    assert before.status_code == 200
    assert (after.status_code, after.json()["code"]) == (403, "forbidden")


async def test_a_token_grants_no_role_that_does_more_than_the_token(
    api: Api, tokens: Tokens
) -> None:
    """The owner is administrator; the token is not."""
    admin, victim = await api.admin(), await api.person()
    token = (await tokens.make(admin, "users:read", "users:write"))["token"]

    refused = await tokens.use(
        token, f"/users/{victim.id}", "PATCH", {"roles": ["admin"]}
    )
    own = await tokens.use(
        token, f"/users/{admin.id}", "PATCH", {"email": "thief@example.com"}
    )

    assert refused.status_code == 403
    assert own.json()["code"] == "token_refused"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/users/me/tokens"),
        ("POST", "/users/me/email"),
        ("POST", "/users/me/email/confirm"),
        ("POST", "/users/me/recovery-codes"),
        ("POST", "/auth/change-password"),
        ("POST", "/auth/logout"),
        ("DELETE", "/users/me"),
    ],
)
async def test_what_only_a_person_does_no_token_does(
    api: Api, tokens: Tokens, runtime: Runtime, method: str, path: str
) -> None:
    every = [scope for scope in SCOPES if scope != HOSTS_ENTER]  # stands alone
    token = (await tokens.make(await api.admin(), *every))["token"]

    refused = await tokens.use(token, path, method)

    assert (refused.status_code, refused.json()["code"]) == (403, "token_refused")
