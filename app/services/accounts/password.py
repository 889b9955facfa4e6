"""Passwords: what is acceptable, hashing off the loop, and changing one's own."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from app.core.passwords import (
    MAX_BYTES,
    MAX_LENGTH,
    PasswordProblem,
    Verification,
    check_password,
    normalise_password,
)
from app.core.rate_limit import Limit, subject_key
from app.events.password import PasswordChanged, PasswordChangeFailed
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.breached_password import BreachedPasswordService
from app.services.accounts.change import (
    end_everything,
    present,
    set_password,
    words_of,
)
from app.services.accounts.errors import InvalidCredentials, UnacceptablePassword
from app.services.accounts.unverified import owners_proofs
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process
from app.services.process.rate_limit import by_address

_UNIT = 100_000  # microseconds of work
_log = logging.getLogger("auth_serve.passwords")
_PRODUCT = ("auth serve", "authserve", "auth-serve")
_MESSAGES = {
    PasswordProblem.TOO_SHORT: "use at least {minimum} characters",
    PasswordProblem.TOO_LONG: f"use at most {MAX_LENGTH} characters, {MAX_BYTES} bytes",
    PasswordProblem.TOO_COMMON: "this is one of the commonest passwords; use another",
    PasswordProblem.TOO_SIMPLE: "this is a repetition or a sequence; use another",
    PasswordProblem.CONTAINS_CONTEXT: "this is your name, address or our name",
}


class WrongPassword(InvalidCredentials):
    """The current password is wrong; the caller is signed in all the same."""

    code = "wrong_password"
    title = "The current password is not right"
    status = 403

    @property
    def headers(self) -> dict[str, str]:
        """No challenge: another token would not help."""
        return {}


@dataclass(frozen=True, slots=True)
class NewPassword:
    """An accepted password, hashed."""

    hash: str


class PasswordService:
    """The policy for new passwords and the way to the hashing pool."""

    def __init__(self, process: Process) -> None:
        """Work without a transaction: no connection is held while hashing."""
        self._process = process
        self._breached = BreachedPasswordService(
            process.outbound, base_url=process.settings.password.breach_url
        )

    async def accept(
        self, password: str, *, context: Iterable[str | None], field: str = "password"
    ) -> NewPassword:
        """Check a new password and hash it.

        Args:
            password: What the person chose.
            context: Words that it must not be: address, names.
            field: The input field that the refusal names.

        Raises:
            UnacceptablePassword: Too short, too long, too common, or breached.
            HashingOverloaded: Too many hashes wait already.
        """
        problem = self.problem(password, context=context, field=field)
        if problem is not None:
            raise problem
        await self._refuse_breached(password, field)
        hasher = self._process.hasher
        return NewPassword(await self._process.hashing_pool.run(hasher.hash, password))

    def problem(
        self, password: str, *, context: Iterable[str | None], field: str = "password"
    ) -> UnacceptablePassword | None:
        """Return why a new password would be refused, as far as that is known here.

        For forms that tell all mistakes at once; ``accept`` has the last word.
        """
        words = [word for word in context if word]
        settings = self._process.settings
        words += [*_PRODUCT, *settings.password.context_words]
        words.append(f"@{settings.public_host}")
        words += [settings.smtp.sender_name, settings.service_name]
        minimum = self._process.settings.password.min_length
        problem = check_password(password, context=words)
        if problem is None and len(normalise_password(password)) < minimum:
            problem = PasswordProblem.TOO_SHORT
        if problem is None:
            return None
        message = _MESSAGES[problem].format(minimum=minimum)
        return UnacceptablePassword(field, f"password_{problem}", message)

    async def verify(
        self, password: str, password_hash: str | None, user_id: UUID | None
    ) -> Verification:
        """Check a password; without a hash it costs the same and is wrong.

        Args:
            password: What was typed.
            password_hash: What is stored.
            user_id: Whose it is. Who supplied a hash chose what it costs, and who types
                how often: work with hashes that are not ours is counted, and done on
                threads of its own.

        Raises:
            TooManyRequests: So much of that work was done for the account or network.
            HashingOverloaded: Too many hashes wait already.
        """
        hasher, pool = self._process.hasher, self._process.hashing_pool
        work = hasher.foreign_work(password, password_hash)
        if work:
            await self._process.limiter.take(*self._shares(work, str(user_id)))
            pool = self._process.foreign_hashing
        return await pool.run(hasher.verify, password, password_hash)

    async def verify_stranger(
        self,
        password: str,
        password_hash: str | None,
        whose: str,
        is_known: bool = False,
    ) -> Verification:
        """Check a password as ``verify`` does, and never say that it was too much work.

        That limit would tell a guesser that the account was imported. What is too much
        costs what no account costs, and is wrong, as often as any other guess may be.

        Args:
            password: What was typed.
            password_hash: What is stored.
            whose: Whose share of the work it is: an account's, or of one of the
                networks that it knows, which strangers elsewhere do not use up.
            is_known: At a device of the account; then no network is asked.

        Raises:
            HashingOverloaded: Too many hashes wait already.
        """
        hasher, pool = self._process.hasher, self._process.hashing_pool
        work = hasher.foreign_work(password, password_hash)
        if not work:
            return await pool.run(hasher.verify, password, password_hash)
        shares = self._shares(work, whose)[-1 if is_known else 0 :]
        if not await self._process.limiter.admits(*shares):
            _log.warning("an imported hash was not computed: too much such work")
            wrong = await pool.run(hasher.verify, password, None)
            return replace(wrong, was_tried=False)
        pool = self._process.foreign_hashing
        return await pool.run(hasher.verify, password, password_hash)

    def _shares(self, work: int, whose: str) -> list[tuple[Limit, str]]:
        limits = self._process.limits
        units = -(-work // _UNIT)
        mine = _weighed(limits.hashing_account, units), subject_key("hash", whose)
        return [*by_address(_weighed(limits.hashing_address, units)), mine]

    async def _refuse_breached(self, password: str, field: str) -> None:
        """Ask the range API if that is on; silence there leaves the offline list."""
        if not self._process.settings.password.breach_check:
            return
        if await self._breached.is_breached(password):
            message = "this password is known from a breach elsewhere; use another"
            raise UnacceptablePassword(field, "password_breached", message)


def _weighed(limit: Limit, units: int) -> Limit:
    """Return the limit as seen by an attempt that counts for several.

    It has the same buckets, which hold times and no numbers.
    """
    return Limit(limit.name, max(1, limit.burst // units), limit.period)


class PasswordChangeService:
    """Changing one's own password."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction, which begins only after the hashing."""
        self._uow = uow
        self._process = process
        self._passwords = passwords

    async def change(self, owner: User, session_id: UUID, old: str, new: str) -> None:
        """Replace the owner's password; every other session ends.

        Args:
            owner: The account as the caller's session showed it.
            session_id: The session that stays.
            old: The current password, asked for again.
            new: What it shall be.

        Raises:
            WrongPassword: The current one is not right.
            UnacceptablePassword: The new one is refused by the policy.
            TooManyRequests: Too many wrong ones; counted with sign-ins.
        """
        limits = self._process.limits
        charge = await self._process.limiter.take(
            *by_address(limits.sign_in_address),
            (limits.sign_in_account, subject_key("password", str(owner.id))),
        )
        if not (await self._passwords.verify(old, owner.password_hash, owner.id)).ok:
            self._uow.record(PasswordChangeFailed(user_id=owner.id))
            await self._uow.commit()  # remember the refusal: ADR-0004
            raise WrongPassword
        await charge.give_back()
        context = words_of(owner)
        chosen = await self._passwords.accept(
            new, context=context, field="new_password"
        )
        await self._store(owner, session_id, chosen.hash)

    async def _store(self, owner: User, session_id: UUID, new_hash: str) -> None:
        user = await present(self._uow, owner.id, session_id)
        if user.password_hash != owner.password_hash:
            raise WrongPassword(hint="changed by somebody else meanwhile")
        now = self._uow.clock.now()
        set_password(user, new_hash, now)
        await end_everything(
            self._uow,
            user,
            now,
            "password_changed",
            keep=session_id,
            spared=owners_proofs(user),
        )
        self._uow.record(
            PasswordChanged(
                user_id=user.id,
                to=user.email,
                locale=user.locale,
                not_me_id=not_me_link(self._uow, self._process, user),
            )
        )
