"""Connections as tests make them, and people who come by them."""

from typing import Any
from uuid import UUID

from httpx2 import Response
from sqlalchemy import func, select

from app.models import AuditEvent, User
from tests.connections.provider import Provider
from tests.support.api import Api, Person
from tests.support.browser import Visitor

ANN = "ann@example.com"
# Ann comes, and is believed: she gets an account.
OPEN: dict[str, Any] = {"account_rule": "anybody", "trusted_domains": ["example.com"]}
IS_ANN: dict[str, Any] = {"email": ANN, "email_verified": True}
CONNECTION: dict[str, Any] = {
    "kind": "oidc",
    "display_name": "Elsewhere",
    "settings": {
        "issuer": "https://idp.example",
        "client_id": "here",
        "client_secret": "a-secret-that-only-both-sides-know",
    },
}

DIRECTORY: dict[str, Any] = {
    "kind": "ldap",
    "display_name": "Example & Sons",
    "settings": {
        "servers": ["ldaps://directory.example.com"],
        "bind_name": "cn=reader,dc=example,dc=com",
        "bind_password": "a-password-of-both-sides",
        "user_base": "dc=example,dc=com",
    },
}


async def add_connection(api: Api, who: Person, name: str = "support") -> str:
    """Make a connection; return its id."""
    answer = await api.post("/connections", CONNECTION | {"name": name}, who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def connect(api: Api, provider: Provider, **members: Any) -> str:
    """Make the connection ``firm`` with a provider; return its id."""
    settings = {**CONNECTION["settings"], "issuer": provider.url}
    body = CONNECTION | {"name": "firm", "settings": settings, **members}
    answer = await api.post("/connections", body, await api.admin())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def leave(visitor: Visitor, flow: str = "") -> str:
    """Press the button; return where the browser is led."""
    page = f"/signin?flow={flow}" if flow else "/signin"
    gone = await visitor.post("/upstreams/firm", await visitor.hidden(page))
    assert gone.status_code == 303, gone.text
    return str(gone.headers["location"])


async def come(visitor: Visitor, provider: Provider, **person: Any) -> Response:
    """Go there, be known as a person, and come back."""
    provider.person = person
    return await visitor.get(provider.back(await leave(visitor)))


async def account(api: Api, email: str = ANN) -> User:
    """Return the account of an address."""
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(email)
    assert user is not None
    return user


async def count(api: Api) -> int:
    """Return how many accounts there are."""
    async with api.runtime.database.session(read_only=True) as db:
        return await db.scalar(select(func.count()).select_from(User)) or 0


async def groups_of(api: Api, user_id: UUID) -> list[str]:
    """Return the groups that somebody is in."""
    async with api.runtime.unit_of_work(read_only=True) as uow:
        return await uow.groups.names_of_user(user_id)


async def refusal(api: Api) -> dict[str, Any]:
    """Return the latest evidence of somebody who was not signed in."""
    query = select(AuditEvent.data).where(AuditEvent.name == "upstream.refused")
    async with api.runtime.database.session(read_only=True) as db:
        found = await db.scalars(query.order_by(AuditEvent.id.desc()).limit(1))
        data: dict[str, Any] = found.one()
    return data
