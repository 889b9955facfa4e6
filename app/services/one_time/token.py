"""Links and codes that work once."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.events.base import NOBODY, MailedEvent
from app.events.one_time_token import CodeRefused
from app.events.sign_in import Refusal, SignInFailed
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.attempt import CodeAttemptService, mark_of_asker
from app.services.one_time.errors import InvalidCode, InvalidOneTimeToken
from app.services.process.process import Process


class Purpose(StrEnum):
    """What a token is for; it works for nothing else."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"
    CHANGE_EMAIL = "change_email"
    INVITATION = "invitation"
    EMAIL_CODE = "email_code"
    SECOND_STEP = "second_step"
    FACTOR_RECOVERY = "factor_recovery"
    FACTOR_RECOVERY_STOP = "factor_recovery_stop"
    TOTP_SETUP = "totp_setup"
    PASSKEY_SETUP = "passkey_setup"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    NOT_ME = "not_me"
    UPSTREAM_SIGN_IN = "upstream_sign_in"
    UPSTREAM_SIGN_OUT = "upstream_sign_out"
    UPSTREAM_LINK = "upstream_link"
    SETUP = "setup"
    AUTHORIZATION_CODE = "authorization_code"
    OAUTH_FLOW = "oauth_flow"
    DEVICE_CODE = "device_code"
    CLIENT_REGISTRATION = "client_registration"


class OneTimeTokenService:
    """Issues tokens and takes them back, exactly once."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process

    async def issue(
        self,
        purpose: Purpose,
        *,
        subject: str,
        ttl: int,
        user_id: UUID | None = None,
        data: Mapping[str, Any] | None = None,
        token_id: UUID | None = None,
    ) -> OneTimeToken:
        """Store a new token; those of before work until they are used or expire.

        Anybody may ask for most of them, and a stranger's request must not take the
        owner's link away. Another new address for an account does replace the last.

        Args:
            purpose: What it will work for.
            subject: What a code is typed with: the canonical address, or the account's
                id where its owner is signed in.
            ttl: Seconds that it lives.
            user_id: Whose it is.
            data: What has to be known when it is used; no secrets.
            token_id: Of one that there can be but one of; else it gets a new one.
        """
        now = self._uow.clock.now()
        if purpose is Purpose.CHANGE_EMAIL:
            await self._uow.one_time_tokens.revoke(purpose, subject, now)
        asked_by = mark_of_asker(self._process.secret_key)
        return self._uow.one_time_tokens.add(
            OneTimeToken(
                id=token_id or self._uow.randomness.uuid7(),
                purpose=purpose,
                user_id=user_id,
                subject=subject,
                data={**(data or {}), "asked_by": asked_by},
                attempts=0,
                created_at=now,
                expires_at=now + timedelta(seconds=ttl),
                consumed_at=None,
            )
        )

    async def send(
        self,
        kind: type[MailedEvent],
        purpose: Purpose,
        user: User | None,
        *,
        subject: str,
        ttl: int,
        to: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Issue a token, and have its link and code mailed.

        Args:
            kind: The event that tells of it; the mail is its template.
            purpose: What the token will work for.
            user: Whose it is. Without an account all the same is written and nobody
                gets a mail, so that the time it takes tells nothing.
            subject: What a code is typed with.
            ttl: Seconds that it lives.
            to: Another place than the account's own address; "" sends no mail.
            data: What has to be known when it is used; no secrets.
        """
        user_id = user.id if user else None
        token = await self.issue(
            purpose, subject=subject, user_id=user_id, ttl=ttl, data=data
        )
        if to is None:
            to = user.email if user else NOBODY
        self._uow.record(
            kind(
                user_id=user_id,
                to=to,
                locale=user.locale if user else None,
                token_id=token.id,
                expires_at=token.expires_at,
            )
        )

    async def consume(
        self, purpose: Purpose, token: str, *, others: bool = True
    ) -> OneTimeToken:
        """Use a link up, and with it all others of its subject unless told otherwise.

        Raises:
            InvalidOneTimeToken: It is not usable, whatever the reason.
        """
        token_id = self._process.secret_key.read_one_time_token(purpose, token)
        if token_id is None:
            raise InvalidOneTimeToken(hint="not a token of ours for this purpose")
        return await self.consume_found(purpose, token_id, others=others)

    async def consume_found(
        self, purpose: Purpose, token_id: UUID, *, others: bool = True
    ) -> OneTimeToken:
        """Use up what ``find`` or ``find_by_code`` found, unless somebody just did.

        Args:
            purpose: What it is used for.
            token_id: Which.
            others: Whether all others of its subject for this purpose end with it.

        Raises:
            InvalidOneTimeToken: It is not usable any more.
        """
        now = self._uow.clock.now()
        row = await self._uow.one_time_tokens.consume(token_id, purpose, now)
        if row is None:
            raise InvalidOneTimeToken(hint="unknown, used, superseded or expired")
        if others:
            await self._uow.one_time_tokens.revoke(purpose, row.subject, now)
        return row

    async def find(self, purpose: Purpose, token: str) -> UUID:
        """Return the id of a link that would work now, and give the connection back.

        For work that takes time before the link is used up, such as hashing.

        Raises:
            InvalidOneTimeToken: It is not usable, whatever the reason.
        """
        usable = await self.is_usable(purpose, token)
        await self._uow.db.rollback()
        token_id = self._process.secret_key.read_one_time_token(purpose, token)
        if not usable or token_id is None:
            raise InvalidOneTimeToken(hint="unknown, used, superseded or expired")
        return token_id

    async def is_usable(self, purpose: Purpose, token: str) -> bool:
        """Tell whether a link would work now; it changes and decides nothing."""
        token_id = self._process.secret_key.read_one_time_token(purpose, token)
        if token_id is None:
            return False
        now = self._uow.clock.now()
        return await self._uow.one_time_tokens.peek(token_id, purpose, now) is not None

    async def consume_code(
        self, purpose: Purpose, subject: str, code: str
    ) -> OneTimeToken:
        """Use up the token that a typed code belongs to.

        Raises:
            InvalidCode: Wrong, or there is nothing that it could belong to.
            TooManyRequests: Too many tries for the subject or from the address.
        """
        token_id = await self.find_by_code(purpose, subject, code)
        now = self._uow.clock.now()
        row = await self._uow.one_time_tokens.consume(token_id, purpose, now)
        if row is None:
            raise InvalidCode(hint="used by somebody else just now")
        await self._uow.one_time_tokens.revoke(purpose, subject, now)
        return row

    async def find_by_code(self, purpose: Purpose, subject: str, code: str) -> UUID:
        """Return the id of the token that a typed code belongs to.

        Every try is counted and committed before anybody learns what came of it:
        against each token, the subject and the network (ADR-0030).

        Raises:
            InvalidCode: Wrong, or there is nothing that it could belong to.
            TooManyRequests: Too many tries for the subject or from the address.
        """
        attempt = await CodeAttemptService(self._process).begin(subject)
        now = self._uow.clock.now()
        tokens = await self._uow.one_time_tokens.lock_usable(purpose, subject, now)
        found = attempt.try_at(tokens, code)
        if found is None:
            self._record_refusal(purpose, tokens[0].user_id if tokens else None)
        await self._uow.commit()  # the try counts whatever happens next: ADR-0004
        if found is not None:
            await attempt.charge.give_back()
            return found
        if attempt.limit is not None:
            raise self._process.limiter.refusal(attempt.limit)
        raise InvalidCode(hint="wrong digits, no tries left, or no token")

    def _record_refusal(self, purpose: Purpose, user_id: UUID | None) -> None:
        if purpose is Purpose.EMAIL_CODE:
            self._uow.record(SignInFailed(user_id=user_id, reason=Refusal.WRONG_CODE))
        else:
            self._uow.record(CodeRefused(user_id=user_id, purpose=purpose))
