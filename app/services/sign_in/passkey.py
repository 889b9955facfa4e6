"""Signing in with a passkey and nothing else."""

from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

from app.core.context import current
from app.core.exceptions import TooManyRequests
from app.core.rate_limit import Charge
from app.events.sign_in import Refusal, SignInFailed
from app.factors.base import MULTI_FACTOR, FactorRefused, Proof
from app.factors.passkey import (
    read_challenge,
    read_credential_id,
    request_options,
    verify_alone,
)
from app.models.one_time_token import OneTimeToken
from app.models.passkey import Passkey
from app.models.user import User
from app.policies.sign_in import refusal_of
from app.repositories.unit_of_work import UnitOfWork
from app.services.factors.challenge import Challenges, ceremony_of, ready
from app.services.factors.stored import STORED, passkey_of
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.sessions.session import IssuedTokens
from app.services.sign_in.errors import TOLD, InvalidPasskey
from app.services.sign_in.start import (
    HeldSession,
    Known,
    Proven,
    SessionStart,
    StartedSession,
)
from app.utils.helpers import network_of

_METHOD = "passkey"
_NOBODY = UUID(int=0)


class PasskeySignInService:
    """Starts sessions for whoever has a passkey that verifies its user: two factors.

    A passkey that does not verify them is one factor, and good for a second step only.
    """

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._challenges = Challenges(process, Purpose.PASSKEY_SIGN_IN)
        self._start = SessionStart(process)

    async def options(self) -> dict[str, Any]:
        """Return what a browser needs to answer; it is about nobody.

        No passkeys are named, whoever wants to sign in: the authenticator knows them,
        and a list would tell who has an account, or be made up and tell that.
        """
        await ready()
        challenge = self._challenges.new()
        return request_options(ceremony_of(self._process, _NOBODY, challenge))

    async def verify(self, answer: Any) -> IssuedTokens:
        """Start a session for whoever answered.

        Args:
            answer: What the passkey said, in the JSON of WebAuthn.

        Raises:
            InvalidPasskey: The reason is in the audit trail, not in the answer.
            EmailNotVerified: The passkey was right; said to its owner only.
            PasswordResetRequired: Likewise; no factor but a mailed link signs in.
            TooManyRequests: Too many wrong ones from the address.
        """
        return await self._start.tokens(await self.browser_verify(answer, {}))

    async def browser_verify(
        self, answer: Any, held: Mapping[UUID, HeldSession]
    ) -> StartedSession:
        """Start a session that is kept by a cookie; all else as ``verify``.

        Args:
            answer: What the passkey said, in the JSON of WebAuthn.
            held: By account, what the browser has of it.
        """
        charge, limited = await self._count()
        await ready()
        passkey, is_known_network = None, False
        try:
            passkey, is_known_network = await self._claimed(answer)
            used, proof = self._judge(passkey, answer)
        except FactorRefused as refusal:
            if limited is not None:
                raise limited from None
            await self._refuse(passkey, str(refusal))
        async with self._process.unit_of_work() as uow:
            begun = await self._redeem(
                uow, passkey, used, proof, Known(held, is_known_network)
            )
            if isinstance(begun, Refusal) and limited is None:
                uow.record(SignInFailed(user_id=passkey.user_id, reason=begun))
        if isinstance(begun, Refusal):
            if limited is not None:
                raise limited
            if begun in TOLD:
                raise TOLD[begun]
            raise InvalidPasskey(hint=begun)
        if charge is not None:
            await charge.give_back()
        return begun

    async def _count(self) -> tuple[Charge | None, TooManyRequests | None]:
        """Count an attempt of the network; where it has none left, return the refusal.

        A signature is nothing that anybody guesses: what is bounded is the evidence of
        wrong ones. So a right one passes whatever a neighbour at the same address used
        up, and a wrong one is refused by the limit and leaves no more evidence.
        """
        limit = self._process.limits.sign_in_address
        try:
            return await self._process.limiter.take(*by_address(limit)), None
        except TooManyRequests as refusal:
            return None, refusal

    async def _claimed(self, answer: Any) -> tuple[Passkey, bool]:
        """Return whose passkey it is, and whether they were in this network before."""
        credential_id, network = read_credential_id(answer), network_of(current().ip)
        async with self._process.unit_of_work(read_only=True) as uow:
            claimed = await uow.passkeys.claimed(credential_id, network)
        if claimed is None:
            raise FactorRefused("nobody has this passkey")
        return claimed

    def _judge(self, passkey: Passkey, answer: Any) -> tuple[OneTimeToken, Proof]:
        challenge = read_challenge(answer)
        used = self._challenges.read(challenge)
        ceremony = ceremony_of(self._process, passkey.user_id, challenge)
        return used, verify_alone([passkey_of(passkey)], answer, ceremony)

    async def _redeem(
        self,
        uow: UnitOfWork,
        passkey: Passkey,
        used: OneTimeToken,
        proof: Proof,
        known: Known,
    ) -> StartedSession | Refusal:
        """Use up the challenge, and begin a session unless something speaks against it.

        What was used up stays so, and the evidence of a refusal with it.
        """
        user = await uow.users.by_id(passkey.user_id, lock=True)
        if user is None:
            return Refusal.UNKNOWN_ACCOUNT
        is_first = await self._challenges.use_up(uow, used, user.id)
        is_first = is_first and await STORED[_METHOD].spend(
            uow, self._process, user, proof
        )
        refusal = self._refusal(user) if is_first else Refusal.WRONG_PASSKEY
        if refusal is not None:
            return refusal
        proven = Proven(_METHOD, (*proof.amr, MULTI_FACTOR))
        return await self._start.within(uow, user, proven, known)

    def _refusal(self, user: User) -> Refusal | None:
        must_verify = self._process.settings.registration_mode != "open"
        return refusal_of(user, must_verify=must_verify)

    async def _refuse(self, passkey: Passkey | None, hint: str) -> NoReturn:
        user_id = passkey.user_id if passkey else None
        async with self._process.unit_of_work() as uow:
            uow.record(SignInFailed(user_id=user_id, reason=Refusal.WRONG_PASSKEY))
        raise InvalidPasskey(hint=hint)
