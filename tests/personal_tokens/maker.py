"""Personal access tokens, made and used as people and scripts do."""

from datetime import timedelta
from typing import Any

from httpx2 import Response
from sqlalchemy import select

from app.models.access.personal_token import PersonalToken
from app.services.server.runtime import Runtime
from tests.support.api import Api, Person


class Tokens:
    """Makes tokens by the API, and uses them."""

    def __init__(self, api: Api) -> None:
        """Use this API."""
        self.api = api

    def body(self, *scopes: str, days: int = 7, name: str = "Backup") -> dict[str, Any]:
        """Return what asks for a token."""
        ends = self.api.runtime.clock.now() + timedelta(days=days)
        wanted = list(scopes or ("account:read",))
        return {"name": name, "scopes": wanted, "expires_at": ends.isoformat()}

    async def make(self, person: Person, *scopes: str, **more: Any) -> dict[str, Any]:
        """Make one; return the answer."""
        body = self.body(*scopes, **more)
        answer = await self.api.post("/users/me/tokens", body, person)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def use(
        self, token: str, path: str = "/users/me", method: str = "GET", body: Any = None
    ) -> Response:
        """Call the API with a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.api.client.request(
            method, f"/api/v1{path}", headers=headers, json=body
        )


async def stored(runtime: Runtime) -> list[PersonalToken]:
    """Return every token that there is."""
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(select(PersonalToken)))
