"""Applications that ask at the protocol's endpoints, over HTTP."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from httpx2 import Response
from sqlalchemy import select, update

from app.models import AuditEvent, OAuthClient, OAuthGrant, Session, User
from tests.factories.oauth import (
    Application,
    ApplicationFactory,
    CodeFactory,
    IssuedCode,
)
from tests.support.api import Api

Form = Mapping[str, Any]


# What a grant hangs on, and how it goes.
GONE = {
    "session revoked": lambda who: update(Session)
    .where(Session.id == who.session_id)
    .values(revoked_at=Session.created_at),
    "account disabled": lambda who: update(User)
    .where(User.id == who.user_id)
    .values(status="disabled"),
    "grant revoked": lambda who: update(OAuthGrant)
    .where(OAuthGrant.id == who.grant_id)
    .values(revoked_at=OAuthGrant.created_at),
    "session past its end": lambda who: update(Session)
    .where(Session.id == who.session_id)
    .values(absolute_expires_at=Session.created_at),
}


class Protocol:
    """Shortcuts for what most tests of the provider begin with."""

    def __init__(self, api: Api) -> None:
        """Use the client and the database of these people."""
        self.api = api
        self.runtime = api.runtime
        self.http = api.client
        self.apps = ApplicationFactory(api.runtime)
        self.codes = CodeFactory(api.runtime)

    async def ask(self, path: str, app: Application, form: Form) -> Response:
        """POST a form as an application, in the way that it proves itself."""
        headers, proof = {}, {}
        if app.secret:
            headers = app.basic
        elif app.key is not None:
            proof = app.assertion(self.runtime)
        else:
            proof = {"client_id": app.client_id}
        body = {**form, **proof}
        return await self.http.post(f"/oauth2/{path}", data=body, headers=headers)

    async def token(self, app: Application, form: Form) -> Response:
        """Ask for tokens."""
        return await self.ask("token", app, form)

    async def refresh(self, app: Application, token: str, **more: str) -> Response:
        """Exchange a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return await self.token(app, form | more)

    async def introspect(self, app: Application, token: str) -> Response:
        """Ask what a token is."""
        return await self.ask("introspect", app, {"token": token})

    async def revoke(self, app: Application, token: str) -> Response:
        """Give a token back."""
        return await self.ask("revoke", app, {"token": token})

    async def userinfo(self, token: str) -> Response:
        """Ask about the person of a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.get("/oauth2/userinfo", headers=headers)

    async def signed_in(
        self,
        app: Application,
        scope: str = "openid",
        *,
        user: User | None = None,
        **asked: Any,
    ) -> "SignedIn":
        """Return the tokens that an application has of a person."""
        user = user or await self.api.users()
        issued = await self.codes(app, user, scope, **asked)
        answer = await self.token(app, issued.form)
        assert answer.status_code == 200, answer.text
        return SignedIn(self, app, user, issued, answer.json())

    async def disable(self, table: Any, key: Any) -> None:
        """Disable an account or a client, past every service."""
        column = {User: User.id, OAuthClient: OAuthClient.client_id}[table]
        await self.change(update(table).where(column == key).values(status="disabled"))

    async def change(self, statement: Any) -> None:
        """Change the database from outside."""
        async with self.runtime.unit_of_work() as uow:
            await uow.db.execute(statement)

    async def grant(self, grant_id: UUID) -> OAuthGrant:
        """Return a grant, from a connection of its own."""
        async with self.runtime.database.session(read_only=True) as db:
            return await db.get_one(OAuthGrant, grant_id)

    async def events(self, *names: str) -> list[AuditEvent]:
        """Return the audit events of these names, oldest first."""
        query = select(AuditEvent).where(AuditEvent.name.in_(names))
        async with self.runtime.database.session(read_only=True) as db:
            return list((await db.scalars(query.order_by(AuditEvent.id))).all())


class SignedIn:
    """A person at an application, and what it holds of them."""

    def __init__(
        self,
        protocol: Protocol,
        app: Application,
        user: User,
        issued: IssuedCode,
        tokens: dict[str, Any],
    ) -> None:
        """Hold the first tokens."""
        self._protocol = protocol
        self.app = app
        self.user = user
        self.issued = issued
        self.tokens = tokens

    @property
    def access(self) -> str:
        """The access token."""
        token: str = self.tokens["access_token"]
        return token

    @property
    def refresh_token(self) -> str:
        """The refresh token."""
        token: str = self.tokens["refresh_token"]
        return token

    async def assert_dead(self) -> None:
        """Demand that nothing of it works any more, at any endpoint."""
        protocol = self._protocol
        told = await protocol.userinfo(self.access)
        assert told.status_code == 401, told.text
        assert 'error="invalid_token"' in told.headers["www-authenticate"]
        refreshed = await protocol.refresh(self.app, self.refresh_token)
        assert refreshed.json()["error"] == "invalid_grant"
        if self.app.secret:
            for token in (self.access, self.refresh_token):
                known = await protocol.introspect(self.app, token)
                assert known.json() == {"active": False}
