"""APIs that tokens are asked for by name."""

from typing import Any

from sqlalchemy import update

from app.models import OAuthResource
from app.services.server.runtime import Runtime

ORDERS = "https://orders.example.com"
STOCK = "https://stock.example.com/v1"


class ResourceFactory:
    """Registers resources past every endpoint."""

    def __init__(self, runtime: Runtime) -> None:
        """Store into this runtime's database."""
        self._runtime = runtime

    async def __call__(self, identifier: str = ORDERS, **columns: Any) -> None:
        """Register an API with two scopes, open to any application."""
        async with self._runtime.unit_of_work() as uow:
            now = uow.clock.now()
            usual: dict[str, Any] = {
                "name": "",
                "scopes": {"read": "See it", "write": "Change it"},
                "access": "any",
                "typ": "at+jwt",
                "audience_form": "string",
                "scope_form": "string",
                "claims": [],
                "status": "active",
            }
            uow.oauth_resources.add(
                OAuthResource(
                    id=uow.randomness.uuid7(),
                    identifier=identifier,
                    version=1,
                    created_at=now,
                    updated_at=now,
                    **(usual | columns),
                )
            )
        self._runtime.resources.forget(identifier)

    async def change(self, identifier: str, **columns: Any) -> None:
        """Change a resource; this process knows at once."""
        one = update(OAuthResource).where(OAuthResource.identifier == identifier)
        async with self._runtime.unit_of_work() as uow:
            await uow.db.execute(one.values(**columns))
        self._runtime.resources.forget(identifier)
