"""Accounts from another system, with the password hashes that it made."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from app.core.passwords import check_importable
from app.events.user import UserImported
from app.policies.permission import USER_ROLE
from app.schemas.user import UserImport
from app.services.runtime import Runtime
from app.services.user_change import new_user, set_password


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one line; ``refusal`` is None when it was stored."""

    email: str
    refusal: str | None


class UserImportService:
    """Stores accounts one by one, so that one bad line loses no other."""

    def __init__(self, runtime: Runtime) -> None:
        """Work in transactions of its own."""
        self._runtime = runtime

    async def store(self, entry: UserImport) -> ImportResult:
        """Store one account; its hash moves to Argon2id at the first sign-in."""
        if entry.password_hash is not None:
            problem = check_importable(entry.password_hash)
            if problem is not None:
                return ImportResult(entry.email, problem)
        try:
            async with self._runtime.unit_of_work() as uow:
                user = new_user(uow, entry.email, name=entry.name)
                user.email_verified = entry.email_verified
                set_password(user, entry.password_hash, uow.clock.now())
                uow.users.add(user)
                await uow.db.flush()
                await uow.users.add_roles(user.id, [USER_ROLE])
                uow.record(UserImported(user_id=user.id))
        except IntegrityError:
            return ImportResult(entry.email, "the address has an account")
        return ImportResult(entry.email, None)
