"""People who use the API, and a look at what it left behind."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from httpx2 import AsyncClient, Response
from sqlalchemy import select

from app.events.base import NOBODY
from app.models import AuditEvent, OneTimeToken, OutboxMessage
from app.policies.permission import ADMIN_ROLE
from app.services.one_time.token import Purpose
from app.services.server.runtime import Runtime
from tests.factories.user import UserFactory

PASSWORD = "correct horse battery staple"
PRODUCTION = {  # what the settings of a service for people have at least
    "environment": "production",
    "public_url": "https://auth.example.com",
    "smtp": {"url": "smtp://127.0.0.1:9", "sender": "a@example.com"},
}


@dataclass
class Person:
    """Somebody with an account and, once signed in, tokens."""

    id: UUID
    email: str
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def session_id(self) -> UUID:
        """The session of these tokens, as a program can read it."""
        claims = self.tokens["access_token"].split(".")[1]
        padded = claims + "=" * (-len(claims) % 4)
        return UUID(json.loads(urlsafe_b64decode(padded))["sid"])

    @property
    def headers(self) -> dict[str, str]:
        """The header that says who this is."""
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


class Api:
    """Shortcuts for what most tests begin with; every one is a real request."""

    def __init__(self, client: AsyncClient, runtime: Runtime) -> None:
        """Use this client, and look into this runtime's database."""
        self.client = client
        self.runtime = runtime
        self.users = UserFactory(runtime)

    async def post(
        self, path: str, body: Any = None, person: Person | None = None
    ) -> Response:
        """POST JSON below ``/api/v1``."""
        headers = person.headers if person else {}
        return await self.client.post(f"/api/v1{path}", json=body, headers=headers)

    async def get(self, path: str, person: Person | None = None) -> Response:
        """GET below ``/api/v1``."""
        headers = person.headers if person else {}
        return await self.client.get(f"/api/v1{path}", headers=headers)

    async def patch(
        self, path: str, body: Any, person: Person, **headers: str
    ) -> Response:
        """PATCH JSON below ``/api/v1``."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.patch(
            f"/api/v1{path}", json=body, headers=person.headers | extra
        )

    async def delete(self, path: str, person: Person) -> Response:
        """DELETE below ``/api/v1``."""
        return await self.client.delete(f"/api/v1{path}", headers=person.headers)

    async def login(self, email: str, password: str = PASSWORD) -> Response:
        """Try to sign in."""
        return await self.post("/auth/login", {"email": email, "password": password})

    async def person(self, *roles: str, **columns: Any) -> Person:
        """Return somebody who is signed in."""
        user = await self.users.with_password(PASSWORD, roles=roles, **columns)
        person = Person(user.id, user.email)
        return await self.signed_in(person)

    async def admin(self) -> Person:
        """Return a signed-in administrator."""
        return await self.person(ADMIN_ROLE)

    async def signed_in(self, person: Person, password: str = PASSWORD) -> Person:
        """Sign a person in (again) and return a copy with the tokens."""
        answer = await self.login(person.email, password)
        assert answer.status_code == 200, answer.text
        return Person(person.id, person.email, answer.json())

    async def trail(self, user_id: UUID | None) -> list[str]:
        """Return the names of a user's audit events, from a connection of its own."""
        query = select(AuditEvent).where(AuditEvent.user_id == user_id)
        async with self.runtime.database.session(read_only=True) as db:
            rows = await db.scalars(query.order_by(AuditEvent.id))
            return [row.name for row in rows]

    async def mails(self, template: str = "", to: str = "") -> list[dict[str, Any]]:
        """Return what waits for somebody in the outbox, oldest first."""
        query = select(OutboxMessage).where(OutboxMessage.kind == "mail")
        query = query.order_by(OutboxMessage.id)
        async with self.runtime.database.session(read_only=True) as db:
            payloads = [row.payload for row in await db.scalars(query)]
        mails = [payload for payload in payloads if payload["to"] != NOBODY]
        mails = [mail for mail in mails if template in ("", mail["template"])]
        return [mail for mail in mails if to in ("", mail["to"])]

    async def not_me(self, template: str, to: str = "") -> str:
        """Return what the link "this wasn't me" of the latest such mail carries."""
        token_id = UUID((await self.mails(template, to))[-1]["not_me_id"])
        return self.runtime.secret_key.one_time_token(Purpose.NOT_ME, token_id)

    async def mailed(self, template: str) -> "Mailed":
        """Return link token and code of the latest mail of a kind."""
        payload = [m for m in await self.mails() if m["template"] == template][-1]
        token_id = UUID(payload["token_id"])
        async with self.runtime.database.session(read_only=True) as db:
            row = await db.get_one(OneTimeToken, token_id)
        key = self.runtime.secret_key
        return Mailed(
            to=payload["to"],
            token=key.one_time_token(row.purpose, row.id),
            code=key.one_time_code(row.purpose, row.id),
        )


@dataclass(frozen=True)
class Mailed:
    """What somebody reads in a mail."""

    to: str
    token: str
    code: str
