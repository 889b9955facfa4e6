"""What outlives a secret key, and the refusal to start without one that is needed.

At the first start the two keys that pairwise subjects, recovery codes and other
digests are made with are derived from the secret key, as before, and put aside, sealed.
From then on every process goes by those (ADR-0099).
"""

from collections.abc import Mapping, Sequence

from app.core.secret_key import SealBroken
from app.events.secret_key import SecretKeyRotationBegun
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.server.signing_key import UNREADABLE, KeysUnreadable
from app.services.server.signing_key import seal_context as signing_key_context

_NOT_YET = (
    "AUTH_SERVE_SECRET_KEY_SECOND is set, and what has to outlive the secret key was "
    "not put aside yet: start once with the old key alone, and rotate it then "
    '("Rotating the secret key" in docs/operations.md)'
)
_MISSING = (
    "something in the database is still sealed by the secret key of mark {marks}, "
    "which is not given: give it as AUTH_SERVE_SECRET_KEY_SECOND, run: auth-serve key "
    'reseal, and take it away then ("Rotating the secret key"); if it is gone, see '
    '"The secret key is lost" in docs/operations.md'
)


def seal_context(name: str) -> str:
    """Return what a kept key is sealed for."""
    return f"kept_keys:{name}"


class KeptKeyService:
    """Has the secret key of a process go by what was kept."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process
        self._key = process.secret_key

    async def ensure(self) -> None:
        """Load what is kept, put aside what is not, and note which key seals now.

        Of several processes at once one puts it aside and all go by that.

        Raises:
            KeysUnreadable: A secret key is missing that something is sealed by, or what
                is kept would come from the wrong one.
        """
        async with self._process.unit_of_work(read_only=True) as uow:
            kept = await uow.kept_keys.all()
            sealing = await uow.kept_keys.sealing()
        if not kept or self._key.marks[0] not in sealing:
            async with self._process.unit_of_work() as uow:
                kept, sealing = await self._noted(uow)
        self._demand_all(sealing)
        self._key.keep(self._opened(kept))

    async def _noted(self, uow: UnitOfWork) -> tuple[Mapping[str, bytes], list[str]]:
        """Return what is kept and which keys seal, with this one among them."""
        if not await uow.kept_keys.all():
            await self._put_aside(uow)
        kept, sealing = await uow.kept_keys.all(), [*await uow.kept_keys.sealing()]
        self._demand_all(sealing)  # before anybody is told that this key seals
        self._opened(kept)
        own = self._key.marks[0]
        if own not in sealing:
            await uow.kept_keys.begin_sealing(own, uow.clock.now())
            if sealing:
                uow.record(SecretKeyRotationBegun(key=own, before=tuple(sealing)))
        return kept, [*sealing, own]

    async def _put_aside(self, uow: UnitOfWork) -> None:
        known = await uow.signing_keys.latest()
        if known is not None:  # else nothing was ever sealed here
            if len(self._key.marks) > 1:
                raise KeysUnreadable(_NOT_YET)
            try:
                self._key.unseal(known.private_key, signing_key_context(known.kid))
            except SealBroken as error:
                raise KeysUnreadable(UNREADABLE) from error
        nonce = uow.randomness.bytes
        sealed = {
            name: self._key.seal(value, nonce(12), seal_context(name))
            for name, value in self._key.kept().items()
        }
        await uow.kept_keys.put_once(sealed, uow.clock.now())

    def _opened(self, kept: Mapping[str, bytes]) -> Mapping[str, bytes]:
        try:
            return {
                name: self._key.unseal(sealed, seal_context(name))
                for name, sealed in kept.items()
            }
        except SealBroken as error:
            raise KeysUnreadable(UNREADABLE) from error

    def _demand_all(self, sealing: Sequence[str]) -> None:
        missing = [mark for mark in sealing if mark not in self._key.marks]
        if missing:
            raise KeysUnreadable(_MISSING.format(marks=", ".join(missing)))
