"""How a session begins, whatever was proven for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.rate_limit import Charge
from app.events.sign_in import SignedIn
from app.factors.base import MULTI_FACTOR
from app.models.session import Session
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork, evidence
from app.services.accounts.change import note_proven
from app.services.accounts.errors import InvalidCredentials
from app.services.factors.recovery import end_recovery
from app.services.process.process import Process
from app.services.sessions.session import IssuedTokens, SessionTokenService
from app.services.sign_in.explained import explain_session
from app.services.sign_in.known_device import KnownDeviceService
from app.services.sign_in.new_sign_in import NewSignInService
from app.typed_text import canonical_email
from app.utils.helpers import network_of


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session that just began, before anybody gets anything for it."""

    session_id: UUID
    user_id: UUID
    roles: tuple[str, ...]
    expires_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session that a browser showed its cookie of, at the count of that cookie."""

    session_id: UUID
    counter: int


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of where somebody signs in, before they did.

    Attributes:
        held: By account, the sessions that the browser has.
        is_known_place: Whether the account signed in from this network before, or at
            this device, as far as that was looked for.
    """

    held: Mapping[UUID, HeldSession]
    is_known_place: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """What somebody proved, and how.

    Attributes:
        method: For the evidence: ``password``, ``email_code``, ``passkey``.
        amr: RFC 8176 values, in order of use.
        began_at: When the first of it was proven, if that was a step before.
        at: When it was proven, if not now: elsewhere, as was said there.
        came_by: Of who came from elsewhere, what ``elsewhere`` keeps of it.
    """

    method: str
    amr: tuple[str, ...]
    began_at: datetime | None = None
    at: datetime | None = None
    came_by: Mapping[str, Any] | None = None


class SessionStart:
    """Begins sessions for accounts that somebody proved to be theirs."""

    def __init__(self, process: Process) -> None:
        """Work in statements of its own, or in the caller's transaction."""
        self._process = process
        self._devices = KnownDeviceService(process)
        self._news = NewSignInService(process)

    async def at_once(
        self,
        found: Any,
        password_hash: str | None,
        proven: Proven,
        charge: Charge | None = None,
    ) -> StartedSession | None:
        """Begin a session in one statement, if the account is still what it was.

        One that its owner is told of, or that began elsewhere, takes a transaction.

        Args:
            found: The account, with the columns of ``statements.sign_in``; its
                ``roles`` are one string of names or None.
            password_hash: What the account must still have.
            proven: What was proven.
            charge: What was counted for the attempt, and is given back.

        Returns:
            None when the account was disabled, deleted or given another password.
        """
        process = self._process
        is_told = self._news.is_new(found, found.known_network)
        if is_told or proven.came_by is not None:
            if charge is not None:
                await charge.give_back()
            return await self._at_length(found, password_hash, proven)
        now = process.clock.now()
        session_id = process.randomness.uuid7()
        columns = self._columns(proven, now)
        stored = await process.sign_ins.start(
            self._row(session_id, found.id, columns),
            evidence(
                _signed_in(found.id, session_id, proven),
                process.randomness.uuid7(),
                now,
            ),
            password_hash=password_hash,
            factors_version=found.factors_version,
            give_back=charge.due() if charge else (),
        )
        if not stored:
            return None
        self._know(found)
        return _started(found.id, found.roles, session_id, columns, proven)

    async def renewed(
        self,
        found: Any,
        password_hash: str | None,
        proven: Proven,
        held: HeldSession,
    ) -> StartedSession | None:
        """Sign somebody in once more into the session that their browser holds.

        What applications were granted in it lives on: a sign-in for one of them is no
        end for the others. It proves as much as a new session's, so its end is as far.

        Returns:
            None when the session ended meanwhile or the account is not the same any
            more; an ordinary start goes on from there, or refuses.
        """
        async with self._process.unit_of_work() as uow:
            user = await _unchanged(uow, found, password_hash)
            if user is None:
                return None
            if not await _is_admitted(uow, proven):
                return None
            is_new = await self._is_new(uow, user, found.known_network)
            begun = await self._renew(uow, user, found.roles, proven, held)
            if begun is None:
                return None
            await _note(uow, begun, proven)
            if is_new:
                await self._news.tell(uow, user, begun.session_id)
            return begun

    async def _at_length(
        self, found: Any, password_hash: str | None, proven: Proven
    ) -> StartedSession | None:
        """Begin a session likewise, by what one statement cannot say."""
        async with self._process.unit_of_work() as uow:
            user = await _unchanged(uow, found, password_hash)
            if user is None:
                return None
            known = Known({}, is_known_place=found.known_network)
            return await self.within(uow, user, proven, known)

    async def within(
        self, uow: UnitOfWork, user: User, proven: Proven, known: Known
    ) -> StartedSession:
        """Begin or renew a session in the transaction that used up what proves it.

        Args:
            uow: That transaction.
            user: The account, active and locked.
            proven: What was proven.
            known: What was known of where they are.

        Raises:
            InvalidCredentials: They came from elsewhere, and what they came by ended
                meanwhile.
        """
        if not await _is_admitted(uow, proven):
            raise InvalidCredentials(hint="what they came by ended meanwhile")
        if MULTI_FACTOR in proven.amr:
            note_proven(user, proven.amr)
            await end_recovery(uow, user.id, "signed_in", actor_id=user.id)
        roles = " ".join(await uow.users.held_roles_of(user.id))
        is_new = await self._is_new(uow, user, known.is_known_place)
        held, begun = known.held.get(user.id), None
        if held is not None:
            begun = await self._renew(uow, user, roles, proven, held)
        if begun is None:
            begun = self._begin(uow, user, roles, proven)
        await _note(uow, begun, proven)
        if is_new:
            await self._news.tell(uow, user, begun.session_id, proven.began_at)
        return begun

    async def _is_new(self, uow: UnitOfWork, user: User, is_place: bool) -> bool:
        """Tell whether the owner is to hear of it; ask before the sign-in is stored.

        A place that was new may be known by now: somebody else came from there at the
        same moment. A session that is signed in to once more has the new network.
        """
        if not self._news.is_new(user, is_place):
            return False
        network = network_of(current().ip)
        return not await uow.sessions.knows_network(user.id, network)

    def _begin(
        self, uow: UnitOfWork, user: User, roles: str, proven: Proven
    ) -> StartedSession:
        now, session_id = uow.clock.now(), uow.randomness.uuid7()
        columns = self._columns(proven, now)
        uow.sessions.add(Session(**self._row(session_id, user.id, columns)))
        user.last_sign_in_at = now
        uow.record(_signed_in(user.id, session_id, proven))
        self._know(user)
        return _started(user.id, roles, session_id, columns, proven)

    async def _renew(
        self,
        uow: UnitOfWork,
        user: User,
        roles: str | None,
        proven: Proven,
        held: HeldSession,
    ) -> StartedSession | None:
        now = uow.clock.now()
        columns = self._columns(proven, now)
        session_id, counter = held.session_id, held.counter
        if not await uow.sessions.renew(session_id, user.id, counter, columns):
            return None
        user.last_sign_in_at = now
        uow.record(_signed_in(user.id, session_id, proven))
        self._know(user)
        return _started(user.id, roles, session_id, columns, proven)

    def _know(self, account: Any) -> None:
        email, changed_at = account.email, account.password_changed_at
        self._devices.renew(account.id, canonical_email(email), changed_at)

    async def tokens(self, begun: StartedSession) -> IssuedTokens:
        """Return what a program gets for a session that just began."""
        return await SessionTokenService(self._process).issue(
            session_id=begun.session_id,
            user_id=begun.user_id,
            counter=0,
            roles=begun.roles,
            expires_at=begun.expires_at,
            now=begun.started_at,
        )

    def _row(
        self, session_id: UUID, user_id: UUID, columns: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": session_id,
            "user_id": user_id,
            "counter": 0,
            "created_at": columns["refreshed_at"],
            "revoked_at": None,
            "revoked_reason": None,
            **columns,
        }

    def _columns(self, proven: Proven, now: datetime) -> dict[str, Any]:
        """Return what a sign-in says of a session, new or not."""
        settings, context = self._process.settings.session, current()
        absolute = now + timedelta(seconds=settings.absolute_ttl)
        idle = now + timedelta(seconds=settings.idle_ttl)
        return {
            "amr": list(proven.amr),
            "ip": context.ip,
            "network": network_of(context.ip),
            "user_agent": context.user_agent,
            "authenticated_at": min(now, proven.at or now),
            "refreshed_at": now,
            "expires_at": min(idle, absolute),
            "absolute_expires_at": absolute,
        }


async def _unchanged(
    uow: UnitOfWork, found: Any, password_hash: str | None
) -> User | None:
    """Return an account, locked, if a sign-in that was judged by it may go on.

    Whoever changes the password or disables the account waits for this row.
    """
    user = await uow.users.by_id(found.id, lock=True)
    if user is None or not user.is_active or user.must_reset_password:
        return None
    if user.password_hash != password_hash:
        return None
    return user if user.factors_version == found.factors_version else None


async def _is_admitted(uow: UnitOfWork, proven: Proven) -> bool:
    if proven.came_by is None:
        return True
    from app.services.sign_in.elsewhere import admit  # few come from elsewhere

    return await admit(uow, proven.came_by)


async def _note(uow: UnitOfWork, begun: StartedSession, proven: Proven) -> None:
    if proven.came_by is None:
        return
    from app.services.sign_in.elsewhere import note

    await uow.db.flush()
    await note(uow, begun.session_id, proven.came_by)


def _signed_in(user_id: UUID, session_id: UUID, proven: Proven) -> SignedIn:
    return SignedIn(
        user_id=user_id,
        actor_id=user_id,
        session_id=session_id,
        method=proven.method,
    )


def _started(
    user_id: UUID,
    roles: str | Sequence[str] | None,
    session_id: UUID,
    columns: Mapping[str, Any],
    proven: Proven,
) -> StartedSession:
    context = current()
    context.user_id = user_id
    if context.is_explained:
        explain_session(user_id, session_id, proven.method, proven.amr, columns)
    names = (roles or "").split() if isinstance(roles, str | None) else roles
    return StartedSession(
        session_id=session_id,
        user_id=user_id,
        roles=tuple(names),
        expires_at=columns["expires_at"],
        started_at=columns["refreshed_at"],
    )
