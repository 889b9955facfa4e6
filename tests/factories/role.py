"""Roles."""

from typing import Any

from app.models.role import Role
from app.services.server.runtime import Runtime


class RoleFactory:
    """Roles, stored; a test states only the columns it is about."""

    def __init__(self, runtime: Runtime) -> None:
        """Store into this runtime's database."""
        self._runtime = runtime

    async def __call__(self, name: str, *permissions: str, **columns: Any) -> Role:
        """Save a role that allows this."""
        now = self._runtime.clock.now()
        values: dict[str, Any] = {"built_in": False, "mfa_required": False}
        values |= {"description": "", "version": 1, "created_at": now} | columns
        async with self._runtime.unit_of_work() as uow:
            return uow.roles.add(
                Role(name=name, permissions=list(permissions), updated_at=now, **values)
            )
