"""A first second factor, set up within the sign-in that demands one.

Whoever has a role that wants a second factor and has none gets no session without it,
and so cannot set one up elsewhere. The secret is derived from the sign-in that waits:
asking for it again shows the same one, nothing is stored before a code confirms it, and
it is gone with the sign-in.
"""

from collections.abc import Sequence
from uuid import UUID

from app.events.factor import FactorAdded
from app.factors.base import Enrolled, Factor, Proof
from app.factors.totp import SECRET_BYTES, Totp, TotpKey
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import end_everything
from app.services.accounts.foreign_factor import totp_row
from app.services.factors.change import demand_proven
from app.services.factors.errors import demand_unfrozen
from app.services.factors.totp import TotpSetup, shown
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process


class FirstTotp:
    """An authenticator app that an account without any factor is about to have."""

    factor: Factor = Totp()

    def __init__(self, process: Process, row: OneTimeToken) -> None:
        """Set it up within the sign-in that waits under this token."""
        self._process = process
        tags = process.secret_key.tags(b"totp enrolment", row.id.bytes)
        self._keys = [TotpKey(secret=each[:SECRET_BYTES]) for each in tags]
        self._began_at = row.created_at

    def setup(self, user: User) -> TotpSetup:
        """Return what the app takes over.

        Raises:
            AddressNotConfirmed: Anybody may have registered the account.
            FactorsFrozen: No code would confirm it now.
        """
        demand_proven(user)
        demand_unfrozen(user, self._process.clock.now())
        return shown(self._keys[0], self._process, user)

    async def enrolled(
        self, uow: UnitOfWork, process: Process, user_id: UUID
    ) -> Sequence[Enrolled]:
        """Return it, unless the account has a factor by now.

        While the secret key is rotated there are two: a process with the other key may
        have shown it. The number of the one that was confirmed is its id.
        """
        if await uow.users.has_second_factor(user_id):
            return ()
        return [
            Enrolled(id=UUID(int=number), secret=key.secret)
            for number, key in enumerate(self._keys)
        ]

    async def spend(
        self, uow: UnitOfWork, process: Process, user: User, proof: Proof
    ) -> bool:
        """Store it with the code that confirmed it used up; whoever is in is out."""
        now = uow.clock.now()
        demand_unfrozen(user, now)
        demand_proven(user)
        user.factors_version += 1
        await end_everything(uow, user, now, "factors_changed")
        key = self._keys[proof.id.int]
        row = totp_row(uow, self._process, user.id, key)
        row.last_step, row.last_used_at = proof.state, now
        uow.totps.add(row)
        uow.record(
            FactorAdded(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                factor=self.factor.name,
                not_me_id=not_me_link(uow, process, user, since=self._began_at),
            )
        )
        return True
