"""Accounts from another system, with the password hashes that it made."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Unprocessable
from app.core.password_schemes.limits import HashRefused
from app.core.passwords import stored_form, traits_of
from app.events.user import UserImported
from app.policies.permission import USER_ROLE
from app.schemas.base import ShownText
from app.schemas.user import UserImport
from app.services.accounts.change import new_user, set_password
from app.services.accounts.unverified import accept_address, displace
from app.services.process.process import Process

_NAME: TypeAdapter[str] = TypeAdapter(ShownText)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one line.

    Attributes:
        email: Whose account.
        refusal: None when it was stored, or would be.
        is_weak: Its hash is one that a thief reads the password from in minutes.
        is_unread: It is refused for its hash, which no reader takes.
        note: What of the account was left out.
    """

    email: str
    refusal: str | None
    is_weak: bool = False
    is_unread: bool = False
    note: str | None = None


@dataclass(slots=True)
class ImportSummary:
    """What became of a file.

    Attributes:
        imported: Accounts that were stored, or would be.
        refused: Lines that were not.
        weak: Of those that were stored, how many have a weak hash.
        unread: Of those refused for their hash, how many for which reason.
        notes: What was left out of which account.
    """

    imported: int = 0
    refused: int = 0
    weak: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def count(self, result: ImportResult) -> None:
        """Count one account."""
        if result.refusal is None:
            self.imported += 1
            self.weak += result.is_weak
            if result.note is not None:
                self.notes.append(f"{result.email}: {result.note}")
            return
        self.refused += 1
        if result.is_unread:
            self.unread[result.refusal] += 1

    def count_unreadable_line(self) -> None:
        """Count a line that is no account."""
        self.refused += 1

    def counts(self) -> dict[str, Any]:
        """Return the numbers, for programs."""
        return {
            "imported": self.imported,
            "refused": self.refused,
            "weak": self.weak,
            "unread": dict(self.unread),
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """Say it in sentences, the totals last."""
        said = [
            *self.notes,
            *(
                f"{number} with a hash that was not taken: {reason}"
                for reason, number in self.unread.most_common()
            ),
        ]
        if self.weak:
            said.append(
                f"{self.weak} of those imported have a weak hash, which is kept until "
                "they sign in; ask them to do so soon, or to choose another password"
            )
        return [*said, f"{self.imported} imported, {self.refused} refused"]


class UserImportService:
    """Stores accounts one by one, so that one bad line loses no other."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def store(
        self, entry: UserImport, *, source: str | None = None, dry_run: bool = False
    ) -> ImportResult:
        """Store one account; its hash moves to Argon2id at the first sign-in.

        Args:
            entry: The account.
            source: Which product made the hashes of the file (``SOURCES``), if the
                line does not say it itself.
            dry_run: Only tell what would become of it.
        """
        hashed = entry.password_hash
        try:
            stored = self._stored_hash(hashed, entry.source or source)
        except HashRefused as refusal:
            return ImportResult(entry.email, str(refusal), is_unread=True)
        name, note = _name_of(entry)
        try:
            accept_address(self._process, entry.email)
            async with self._process.unit_of_work() as uow:
                user = new_user(uow, entry.email, name=name)
                user.email_verified = entry.email_verified
                set_password(user, stored, uow.clock.now())
                await displace(uow, user.email_canonical, user)
                uow.users.add(user)
                await uow.db.flush()
                await uow.users.add_roles(user.id, [USER_ROLE])
                uow.record(UserImported(user_id=user.id))
                if dry_run:
                    await uow.db.rollback()
        except IntegrityError:
            return ImportResult(entry.email, "the address has an account")
        except Unprocessable as refusal:
            return ImportResult(entry.email, str(refusal.errors[0]["message"]))
        weak = stored is not None and "weak" in traits_of(stored)
        return ImportResult(entry.email, None, is_weak=weak, note=note)

    def _stored_hash(self, hashed: str | None, source: str | None) -> str | None:
        """Return what is stored of a hash.

        Raises:
            HashRefused: It may not be stored, or a setting is missing that it needs.
        """
        if hashed is None:
            return None
        stored = stored_form(hashed, source)
        salt = self._process.settings.password.flask_security_salt
        if salt is None and "peppered" in traits_of(stored):
            raise HashRefused(
                "hashes of Flask-Security need its SECURITY_PASSWORD_SALT in "
                "AUTH_SERVE_PASSWORD__FLASK_SECURITY_SALT"
            )
        return stored


def _name_of(entry: UserImport) -> tuple[str | None, str | None]:
    """Return the name, or why the account comes without one."""
    if entry.name is None:
        return None, None
    try:
        return _NAME.validate_python(entry.name) or None, None
    except ValidationError as error:
        reason = str(error.errors(include_input=False)[0]["msg"])
        return None, f"imported without its name: {reason}"
