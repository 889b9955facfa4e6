"""Accounts."""

import asyncio
from collections.abc import Sequence
from typing import Any

from app.models import User
from app.services.accounts.change import new_user, touch
from app.services.server.runtime import Runtime


class UserFactory:
    """Valid users, stored; a test states only the columns it is about."""

    def __init__(self, runtime: Runtime) -> None:
        """Store into this runtime's database."""
        self._runtime = runtime
        self._count = 0

    async def __call__(
        self, *, roles: Sequence[str] = (), email: str | None = None, **columns: Any
    ) -> User:
        """Save an active, verified account without a password."""
        self._count += 1
        async with self._runtime.unit_of_work() as uow:
            user = new_user(uow, email or f"user{self._count}@example.com")
            user.email_verified = True
            for name, value in columns.items():
                setattr(user, name, value)
            touch(user, uow)
            uow.users.add(user)
            await uow.db.flush()
            await uow.users.add_roles(user.id, ["user", *roles])
        return user

    async def with_password(self, password: str, **columns: Any) -> User:
        """Save a user who can sign in."""
        hashed = await asyncio.to_thread(self._runtime.hasher.hash, password)
        return await self(password_hash=hashed, **columns)
