"""Accounts with second factors, set up as their owners would have."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.factors.passkey import (
    Person,
    creation_options,
    user_handle,
    verify_creation,
)
from app.factors.recovery_code import code_of, stored_form
from app.factors.totp import TotpKey
from app.models import RecoveryCode, Totp
from app.services.factors.challenge import ceremony_of
from app.services.factors.stored import passkey_row
from app.services.server.runtime import Runtime
from tests.factories.authenticator import DEVICE
from tests.factories.authenticator import Authenticator as SoftwareAuthenticator

SECRET = b"12345678901234567890"  # RFC 6238 appendix B


@dataclass(frozen=True)
class Authenticator:
    """An authenticator application, as its owner holds it."""

    runtime: Runtime
    key: TotpKey

    @property
    def code(self) -> str:
        """What it shows now."""
        return self.key.code_at(self.key.step_at(self.runtime.clock.now()))

    @property
    def wrong_code(self) -> str:
        """Six digits that it shows at no time near to now."""
        now = self.key.step_at(self.runtime.clock.now())
        near = {self.key.code_at(now + drift) for drift in range(-3, 4)}
        return next(f"{n:06d}" for n in range(10) if f"{n:06d}" not in near)


class FactorFactory:
    """Second factors of accounts that exist."""

    def __init__(self, runtime: Runtime) -> None:
        """Store in this runtime's database."""
        self._runtime = runtime

    async def totp(self, user_id: UUID) -> Authenticator:
        """Give an account an authenticator application."""
        runtime, now = self._runtime, self._runtime.clock.now()
        sealed = runtime.secret_key.seal(
            SECRET, runtime.randomness.bytes(12), f"totps {user_id}"
        )
        async with runtime.unit_of_work() as uow:
            uow.totps.add(
                Totp(
                    id=runtime.randomness.uuid7(),
                    user_id=user_id,
                    sealed_secret=sealed,
                    algorithm="SHA1",
                    digits=6,
                    period=30,
                    created_at=now,
                )
            )
        return Authenticator(runtime, TotpKey(secret=SECRET))

    async def passkey(
        self,
        user_id: UUID,
        *,
        flags: int = DEVICE,
        step: int = 1,
        **columns: Any,
    ) -> SoftwareAuthenticator:
        """Give an account a passkey; return the authenticator that holds it."""
        runtime = self._runtime
        ceremony = ceremony_of(runtime, user_id, b"of a factory, of bytes enough")
        held = SoftwareAuthenticator(ceremony.origins[0], flags=flags, step=step)
        person = Person(
            handle=user_handle((), ceremony), name="anybody", display_name=""
        )
        options = creation_options(person, (), ceremony)
        made = verify_creation(held.create(options), ceremony)
        async with runtime.unit_of_work() as uow:
            uow.passkeys.add(passkey_row(uow, user_id, person.handle, made, columns))
        return held

    async def recovery_codes(self, user_id: UUID, count: int = 2) -> list[str]:
        """Give an account recovery codes; return them as they are shown."""
        runtime, now = self._runtime, self._runtime.clock.now()
        codes = [code_of(runtime.randomness.bytes(15)) for _ in range(count)]
        digest = runtime.secret_key.digest
        async with runtime.unit_of_work() as uow:
            for code in codes:
                uow.recovery_codes.add(
                    RecoveryCode(
                        id=runtime.randomness.uuid7(),
                        user_id=user_id,
                        code_hash=stored_form(code, user_id, digest).hex(),
                        created_at=now,
                    )
                )
        return codes
