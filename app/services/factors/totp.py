"""Authenticator apps: set up, confirmed and removed."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from uuid import UUID

from app.core.rate_limit import subject_key
from app.factors.base import MULTI_FACTOR, Enrolled, FactorRefused
from app.factors.otpauth import base32_of, qr_svg, uri_of
from app.factors.totp import SECRET_BYTES, Totp, TotpKey
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.foreign_factor import totp_row
from app.services.factors.change import (
    Added,
    ceremony_of,
    changeable,
    charge_change,
    factor_added,
    factor_removed,
)
from app.services.factors.errors import FactorNotFound
from app.services.factors.stored import sealed, unsealed
from app.services.one_time.errors import InvalidAppCode
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process

SETUP_TTL = 600  # seconds; longer than a recent sign-in lasts is of no use
_FACTOR = Totp()


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """What is shown once, for the app to take over.

    Attributes:
        secret: As base32, for whoever cannot scan.
        uri: The same in the Key URI format.
        qr_svg: The URI as a picture.
    """

    secret: str
    uri: str
    qr_svg: str


class TotpService:
    """The one authenticator app of an account."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def begin(self, owner_id: UUID, session_id: UUID) -> TotpSetup:
        """Make a secret; nothing changes until a code of it is confirmed.

        Raises:
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
            TooManyRequests: There were too many changes.
        """
        await charge_change(self._process, owner_id)
        user = await changeable(self._uow, owner_id, session_id)
        key = TotpKey(secret=self._process.randomness.bytes(SECRET_BYTES))
        subject, now = str(user.id), self._uow.clock.now()
        await self._uow.one_time_tokens.revoke(Purpose.TOTP_SETUP, subject, now)
        secret = sealed(self._process, key.secret, user.id)
        await OneTimeTokenService(self._uow, self._process).issue(
            Purpose.TOTP_SETUP,
            subject=subject,
            user_id=user.id,
            ttl=SETUP_TTL,
            data={
                "sealed_secret": b64encode(secret).decode(),
                "session": session_id.hex,
            },
        )
        return shown(key, self._process, user)

    async def waiting(self, owner_id: UUID, session_id: UUID) -> TotpSetup | None:
        """Return the set-up that this session began and did not confirm yet.

        No other session learns the secret: whoever is in one would have a copy of the
        app that its owner confirms.
        """
        tokens, now = self._uow.one_time_tokens, self._uow.clock.now()
        token = await tokens.latest(Purpose.TOTP_SETUP, now, str(owner_id))
        user = await self._uow.users.by_id(owner_id)
        if token is None or user is None:
            return None
        if token.data.get("session") != session_id.hex:
            return None
        sealed_secret = b64decode(token.data["sealed_secret"])
        secret = unsealed(self._process, sealed_secret, owner_id)
        return shown(TotpKey(secret=secret), self._process, user) if secret else None

    async def confirm(
        self, owner_id: UUID, session_id: UUID, code: str, counter: int | None = None
    ) -> None:
        """Take a set-up over with a code of it, which is used up by that.

        Args:
            owner_id: Whose.
            session_id: Where.
            code: Of the app.
            counter: Of the cookie, at a browser: its session has proven the app then,
                at the next count.

        Raises:
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
            InvalidAppCode: It is wrong, or no set-up waits for one.
            TooManyRequests: Too many wrong ones.
        """
        key = subject_key("totp_setup", str(owner_id))
        limit = self._process.limits.code_account
        charge = await self._process.limiter.take((limit, key))
        token, secret, step = await self._judged(owner_id, code)
        await charge.give_back()
        user = await changeable(self._uow, owner_id, session_id)
        now = self._uow.clock.now()
        tokens = self._uow.one_time_tokens
        if await tokens.consume(token.id, Purpose.TOTP_SETUP, now) is None:
            raise InvalidAppCode(hint="the set-up was used or replaced meanwhile")
        await self._store(user, TotpKey(secret=secret), step)
        added = Added(_FACTOR.name, ("otp", MULTI_FACTOR))
        await factor_added(self._uow, self._process, user, session_id, added, counter)

    async def _judged(
        self, owner_id: UUID, code: str
    ) -> tuple[OneTimeToken, bytes, int | None]:
        """Return the set-up that waits, its secret, and the step of a code of it."""
        async with self._process.unit_of_work(read_only=True) as uow:
            token = await uow.one_time_tokens.latest(
                Purpose.TOTP_SETUP, uow.clock.now(), str(owner_id)
            )
        if token is None:
            raise InvalidAppCode(hint="no set-up waits for a code")
        secret = unsealed(
            self._process, b64decode(token.data["sealed_secret"]), owner_id
        )
        waiting = [] if secret is None else [Enrolled(id=token.id, secret=secret)]
        ceremony = ceremony_of(self._process, owner_id)
        try:
            proof = _FACTOR.verify(waiting, code, ceremony)
        except FactorRefused as refusal:
            raise InvalidAppCode(hint=str(refusal)) from None
        return token, waiting[0].secret, proof.state

    async def _store(self, user: User, key: TotpKey, step: int | None) -> None:
        now = self._uow.clock.now()
        replaced = await self._uow.totps.of(user.id)
        row = totp_row(self._uow, self._process, user.id, key)
        if replaced is not None:
            # The account has an app since then: a link that takes away what came later
            # must not leave it open to the mailbox alone.
            row.created_at = replaced.created_at
        await self._uow.totps.delete_for_user(user.id)
        row.last_step, row.last_used_at = step, now
        self._uow.totps.add(row)

    async def remove(self, owner_id: UUID, session_id: UUID) -> None:
        """Take the app away.

        Raises:
            FactorNotFound: There is none.
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
        """
        user = await changeable(self._uow, owner_id, session_id)
        if not await self._uow.totps.delete_for_user(user.id):
            raise FactorNotFound
        await factor_removed(self._uow, self._process, user, _FACTOR.name, session_id)


def shown(key: TotpKey, process: Process, user: User) -> TotpSetup:
    """Return a key as an app takes it over."""
    uri = uri_of(key, process.settings.service_name, user.email)
    return TotpSetup(base32_of(key.secret), uri, qr_svg(uri))
