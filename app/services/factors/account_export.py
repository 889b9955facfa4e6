"""Accounts as an import takes them, with what they sign in with: a way to leave.

Whoever reads the result can sign in to nothing at once, but may guess passwords at
their own pace and make codes of every authenticator app: it is as secret as a backup.
"""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.password_schemes.limits import HashRefused
from app.core.passwords import stored_form
from app.events.user import AccountsExported
from app.factors.otpauth import uri_of
from app.factors.totp import TotpKey
from app.models.passkey import Passkey
from app.models.user import User
from app.repositories.statements.user_directory import UserFilter
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import MAX_PASSKEYS
from app.services.accounts.foreign_factor import SHA512
from app.services.factors.foreign_code import is_ours
from app.services.factors.stored import unsealed
from app.services.process.process import Process
from app.utils.helpers import base64url

_PAGE = 200


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """One line of the file.

    Attributes:
        line: As ``UserImport`` reads it.
        notes: What could not come along, and what becomes of its owner there.
    """

    line: dict[str, Any]
    notes: tuple[str, ...]


class AccountExportService:
    """Reads every account; nothing is changed but the trail."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def accounts(self) -> AsyncIterator[ExportedAccount]:
        """Return the accounts that may sign in, the oldest first.

        Disabled ones stay behind: no other system would know that they are.
        """
        after: list[UUID] | None = None
        while True:
            async with self._process.unit_of_work(read_only=True) as uow:
                users = await uow.user_directory.list_page(
                    UserFilter(status="active"),
                    sort="created_at",
                    after=after,
                    limit=_PAGE,
                )
                found = [await self._exported(uow, each.user) for each in users]
            for each in found:
                yield each
            if len(users) < _PAGE:
                return
            after = [users[-1].user.id]

    async def record(self, count: int) -> None:
        """Leave evidence, before anybody is told that the file is there."""
        async with self._process.unit_of_work() as uow:
            uow.record(AccountsExported(count=count))

    async def _exported(self, uow: UnitOfWork, user: User) -> ExportedAccount:
        notes: list[str] = []
        members = {
            "email": user.email,
            "name": user.name,
            "email_verified": user.email_verified,
            "password_hash": _portable_hash(user.password_hash, notes),
            "totp": await self._totp(uow, user, notes),
            "passkeys": [_passkey(row) for row in await _passkeys(uow, user.id)],
            "recovery_code_hashes": await _code_hashes(uow, user.id, notes),
            "picture": await _picture(uow, user.id),
            "groups": await uow.groups.names_of_user(user.id),
            "attributes": await uow.attributes.values_of(user.id),
        }
        line = {
            name: value
            for name, value in members.items()
            if value not in (None, [], {})
        }
        return ExportedAccount(line, tuple(f"{user.email}: {each}" for each in notes))

    async def _totp(self, uow: UnitOfWork, user: User, notes: list[str]) -> str | None:
        row = await uow.totps.of(user.id)
        if row is None:
            return None
        secret = unsealed(self._process, row.sealed_secret, user.id)
        if secret is None:
            notes.append("the authenticator app cannot be read with this secret key")
            return None
        key = TotpKey(
            secret=secret,
            algorithm=row.algorithm,
            digits=row.digits,
            period=row.period,
        )
        return uri_of(key, self._process.settings.passkey_domain, user.email)


async def _picture(uow: UnitOfWork, user_id: UUID) -> str | None:
    """Return the uploaded picture, as JSON can hold it."""
    rows = await uow.user_pictures.list_for_user(user_id, None, 1)
    return b64encode(rows[0].content).decode() if rows else None


def _portable_hash(stored: str | None, notes: list[str]) -> str | None:
    """Return a hash that an import takes again, as it is."""
    if stored is None:
        return None
    try:
        if stored_form(stored) == stored:
            return stored
    except HashRefused:
        pass
    notes.append("the password is hashed as its product did it, and stays behind")
    return None


async def _passkeys(uow: UnitOfWork, user_id: UUID) -> list[Passkey]:
    return [*await uow.passkeys.list_for_user(user_id, None, MAX_PASSKEYS)]


def _passkey(row: Passkey) -> dict[str, Any]:
    return {
        "credential_id": base64url(row.credential_id),
        "public_key": base64url(row.public_key),
        "sign_count": row.sign_count,
        "user_handle": base64url(row.user_handle),
        "transports": row.transports,
        "is_backup_eligible": row.is_backup_eligible,
        "is_backed_up": row.is_backed_up,
        "is_user_verified": row.is_user_verified,
        "aaguid": str(row.aaguid),
        "name": row.name,
        "created_at": row.created_at.isoformat(),
    }


async def _code_hashes(uow: UnitOfWork, user_id: UUID, notes: list[str]) -> list[str]:
    """Return hashes of codes that came from elsewhere; ours need our secret key."""
    rows = await uow.recovery_codes.list_unused(user_id)
    portable = [_code_hash(row.code_hash) for row in rows if not is_ours(row.code_hash)]
    if len(portable) < len(rows):
        notes.append("recovery codes of this service work here only; make new ones")
    return portable


def _code_hash(stored: str) -> str:
    if not stored.startswith(SHA512):
        return stored
    return b64encode(bytes.fromhex(stored.removeprefix(SHA512))).decode()
