"""Accounts from another system, with the password hashes that it made."""

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Unprocessable
from app.core.password_schemes.limits import HashRefused
from app.core.passwords import stored_form, traits_of
from app.events.group import GroupMemberAdded
from app.events.user import UserImported
from app.factors.totp import TotpKey
from app.models.access.group import Group
from app.policies.permission import USER_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.base import ShownText
from app.schemas.user import GROUP_NAME, UserImport
from app.services.accounts.change import new_group, new_user, set_password
from app.services.accounts.foreign_factor import add_factors, read_factors
from app.services.accounts.foreign_passkey import (
    ForeignPasskey,
    PasskeyTaken,
    add_passkeys,
    read_passkeys,
)
from app.services.accounts.picture import accepted, add_picture
from app.services.accounts.unverified import accept_address, displace
from app.services.attributes.values import AttributeValues
from app.services.process.process import Process
from app.typed_text import canonical_email

if TYPE_CHECKING:
    from app.core.pictures.picture import Picture

_TAKEN = "the address has an account"
_GROUP_NAME = re.compile(GROUP_NAME)
_SHOWN = 5  # names in one note
_NAME: TypeAdapter[str] = TypeAdapter(ShownText)


class UnknownGroup(ValueError):
    """A line names a group that is not here."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one line.

    Attributes:
        email: Whose account.
        refusal: None when it was stored, or would be, or was before.
        is_present: An earlier run stored it; nothing was done.
        is_weak: Its hash is one that a thief reads the password from in minutes.
        is_unread: It is refused for its hash, which no reader takes.
        note: What of the account was left out.
    """

    email: str
    refusal: str | None
    is_present: bool = False
    is_weak: bool = False
    is_unread: bool = False
    note: str | None = None


@dataclass(slots=True)
class ImportSummary:
    """What became of a file.

    Attributes:
        dry_run: Nothing is stored.
        imported: Accounts that were stored, or would be.
        present: Accounts that an earlier run stored.
        refused: Lines that were not.
        weak: Of those that were stored, how many have a weak hash.
        unread: Of those refused for their hash, how many for which reason.
        notes: What was left out of which account.
    """

    dry_run: bool = False
    imported: int = 0
    present: int = 0
    refused: int = 0
    weak: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def count(self, result: ImportResult) -> None:
        """Count one account."""
        if result.is_present:
            self.present += 1
            return
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
            "dry_run": self.dry_run,
            "imported": self.imported,
            "present": self.present,
            "refused": self.refused,
            "weak": self.weak,
            "unread": dict(self.unread),
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """Say it in sentences, the totals last.

        A file of which everything is here already is told in one.
        """
        if not (self.imported or self.refused):
            reason = f"{self.present} accounts are here already"
            return [f"nothing to do: {reason if self.present else 'no accounts'}"]
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
        return [*said, self._totals()]

    def _totals(self) -> str:
        imported = "would be imported" if self.dry_run else "imported"
        here = f", {self.present} here already" if self.present else ""
        return f"{self.imported} {imported}, {self.refused} refused{here}"


class UserImportService:
    """Stores accounts one by one, so that one bad line loses no other."""

    def __init__(self, process: Process, *, makes_groups: bool = False) -> None:
        """Work in transactions of its own; one service for one file.

        Args:
            process: The parts of the process.
            makes_groups: Make groups that are named and not there; they carry no role.
        """
        self._process = process
        self._makes_groups = makes_groups
        self._seen: set[str] = set()
        self._credentials: set[bytes] = set()

    async def store(
        self, entry: UserImport, *, source: str | None = None, dry_run: bool = False
    ) -> ImportResult:
        """Store one account; its hash moves to Argon2id at the first sign-in.

        What an earlier run stored is left as it is, so that a file can be run again.

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
        try:
            factors = read_factors(
                entry.totp, entry.recovery_code_hashes, entry.source or source
            )
            passkeys = self._untaken(read_passkeys(entry.passkeys))
            picture = _picture_of(entry)
        except ValueError as error:
            return ImportResult(entry.email, str(error))
        except Unprocessable as refusal:
            return ImportResult(entry.email, str(refusal.errors[0]["message"]))
        name, note = _name_of(entry)
        canonical = canonical_email(entry.email)
        if canonical in self._seen:
            return ImportResult(entry.email, _TAKEN)
        try:
            accept_address(self._process, entry.email)
            more = await self._insert(
                entry, name, stored, (*factors, passkeys), picture, dry_run
            )
        except (PasskeyTaken, UnknownGroup) as refusal:
            return ImportResult(entry.email, str(refusal))
        except IntegrityError:
            return await self._taken(entry.email, canonical)
        except Unprocessable as refusal:
            return ImportResult(entry.email, _said(refusal))
        self._seen.add(canonical)
        self._credentials.update(each.credential_id for each in passkeys)
        weak = stored is not None and "weak" in traits_of(stored)
        said = "; ".join(each for each in (note, *more) if each) or None
        return ImportResult(entry.email, None, is_weak=weak, note=said)

    async def _insert(
        self,
        entry: UserImport,
        name: str | None,
        stored: str | None,
        factors: tuple[TotpKey | None, list[str], list[ForeignPasskey]],
        picture: "Picture | None",
        dry_run: bool,
    ) -> list[str]:
        """Store an account with its factors, all or nothing; say what was left out.

        Raises:
            IntegrityError: The address has an account.
            PasskeyTaken: Another account has one of the passkeys.
            UnknownGroup: There is no group of a name.
            Unprocessable: An attribute is missing, or not acceptable.
        """
        key, hashes, passkeys = factors
        async with self._process.unit_of_work() as uow:
            user = new_user(uow, entry.email, name=name)
            user.email_verified = entry.email_verified
            set_password(user, stored, uow.clock.now())
            await displace(uow, user.email_canonical, user)
            uow.users.add(user)
            await uow.db.flush()
            await uow.users.add_roles(user.id, [USER_ROLE])
            known, left = await self._known_groups(uow, entry)
            made = self._makes_groups
            await _join(uow, user.id, await _groups(uow, known, are_made=made))
            unknown = await _set_attributes(uow, user.id, entry)
            add_factors(uow, self._process, user.id, key, hashes)
            await add_passkeys(uow, user.id, passkeys)
            if picture is not None:
                add_picture(uow, self._process, user, picture)
            uow.record(UserImported(user_id=user.id))
            if dry_run:
                await uow.db.rollback()
        return [*_left_out("groups", left), *_left_out("attributes", unknown)]

    async def _known_groups(
        self, uow: UnitOfWork, entry: UserImport
    ) -> tuple[list[str], list[str]]:
        """Return the groups to join, and those of the product that are left out."""
        usable = [name for name in entry.foreign_groups if _GROUP_NAME.fullmatch(name)]
        if not self._makes_groups and usable:
            there = {row.name_key for row in await uow.groups.by_names(usable)}
            usable = [name for name in usable if name.lower() in there]
        left = [name for name in entry.foreign_groups if name not in usable]
        return [*entry.groups, *usable], left

    def _untaken(self, passkeys: list[ForeignPasskey]) -> list[ForeignPasskey]:
        """Return them, unless the file has one for two accounts.

        A dry run stores nothing that the second could clash with.

        Raises:
            PasskeyTaken: One was imported for another account.
        """
        if any(each.credential_id in self._credentials for each in passkeys):
            raise PasskeyTaken
        return passkeys

    async def _taken(self, email: str, canonical: str) -> ImportResult:
        """Tell an account of an earlier run from one that its owner made here.

        The latter has another password than the file says; the operator has to know.
        """
        async with self._process.unit_of_work(read_only=True) as uow:
            holder = await uow.users.by_email(canonical)
            imported = holder and await uow.audit_events.list_page(
                user_id=holder.id, name=UserImported.name, after=None, limit=1
            )
        if not imported:
            return ImportResult(email, _TAKEN)
        self._seen.add(canonical)
        return ImportResult(email, None, is_present=True)

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


async def _groups(
    uow: UnitOfWork, names: Sequence[str], *, are_made: bool
) -> list[Group]:
    """Return groups; what an operator imports is not judged by rights.

    Raises:
        UnknownGroup: There is none of a name, and none is made.
    """
    groups = [*await uow.groups.by_names(names)] if names else []
    known = {group.name.lower() for group in groups}
    missing = {name.lower(): name for name in names if name.lower() not in known}
    if missing and not are_made:
        first = next(iter(missing.values()))
        raise UnknownGroup(
            f"there is no group {first}; make it first, or say --create-groups"
        )
    return groups + [new_group(uow, name) for name in missing.values()]


async def _join(uow: UnitOfWork, user_id: UUID, groups: Sequence[Group]) -> None:
    await uow.db.flush()
    for group in groups:
        await uow.groups.add_member(group.id, user_id, uow.clock.now())
        uow.record(
            GroupMemberAdded(user_id=user_id, group_id=group.id, group=group.name)
        )


async def _set_attributes(
    uow: UnitOfWork, user_id: UUID, entry: UserImport
) -> list[str]:
    """Set what is defined here; return the names of the product's that are not.

    Raises:
        Unprocessable: One is missing, or not acceptable.
    """
    values = AttributeValues(uow)
    foreign = await values.read_known(entry.attribute_texts)
    await values.begin(user_id, {**foreign, **entry.attributes})
    return sorted(entry.attribute_texts.keys() - foreign.keys())


def _left_out(what: str, names: Sequence[str]) -> list[str]:
    """Say what a product has and this service has not."""
    if not names:
        return []
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"imported without the {what} {shown}{more}, which are not here"]


def _said(refusal: Unprocessable) -> str:
    """Return why a line is refused; of an attribute, with its name."""
    error = refusal.errors[0]
    message, field = str(error["message"]), str(error["field"])
    return f"{field}: {message}" if field.startswith("attributes.") else message


def _picture_of(entry: UserImport) -> "Picture | None":
    """Return the picture of a line.

    Raises:
        ValueError: It is not base64.
        Unprocessable: It is no picture that is taken here.
    """
    if entry.picture is None:
        return None
    return accepted(b64decode(entry.picture, validate=True))


def _name_of(entry: UserImport) -> tuple[str | None, str | None]:
    """Return the name, or why the account comes without one."""
    if entry.name is None:
        return None, None
    try:
        return _NAME.validate_python(entry.name) or None, None
    except ValidationError as error:
        reason = str(error.errors(include_input=False)[0]["msg"])
        return None, f"imported without its name: {reason}"
