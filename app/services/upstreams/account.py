"""Whose account it is that somebody comes to from elsewhere, or a new one (ADR-0101).

An address links nothing: it is what the other side says. Only where an administrator
trusts a connection for its domain, and the other side calls it verified, it finds an
account. Everybody else proves the account that there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.events.base import NOBODY
from app.events.email import EmailVerified
from app.events.upstream import UpstreamLinked
from app.events.user import InvitationAccepted, UserRegistered
from app.models.upstream.connection import Connection
from app.models.upstream.connection import UpstreamIdentity as Row
from app.models.user import User
from app.policies.permission import USER_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt
from app.services.accounts.change import new_user, set_email, touch
from app.services.accounts.email_verification import EmailVerificationService
from app.services.accounts.password import PasswordService
from app.services.accounts.registration import RegistrationService
from app.services.accounts.unverified import (
    claim,
    is_unclaimed,
    mark_verified,
    wait_for_proof,
)
from app.services.one_time.mail_request import MailRequestService
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.services.upstreams.errors import UpstreamSignInRefused
from app.services.upstreams.rule import address_of, demand_rule, is_vouched
from app.typed_text import canonical_email
from app.utils.helpers import printable

if TYPE_CHECKING:
    from app.upstreams.protocol import UpstreamIdentity

__all__ = ["Found", "UpstreamAccountService", "kept_claims", "told_as"]
_TOLD = ("email", "preferred_username", "name")  # what people tell theirs apart by
_MAX_TOLD = 320
_MAIL = "registration"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of somebody who came.

    Attributes:
        user: Whose account it is, if that is known.
        identity_id: Of the link between both.
        is_new: Whether it was made for them a moment ago.
        must_prove: Whether there is an account that they have to prove to be theirs.
    """

    user: User | None = None
    identity_id: UUID | None = None
    is_new: bool = False
    must_prove: bool = False


class UpstreamAccountService:
    """Finds the account of an identity, or makes one as the connection's rule says."""

    def __init__(self, uow: UnitOfWork, process: Process, connection: Connection):
        """Work in this transaction, for a connection that stays what it is."""
        self._uow = uow
        self._process = process
        self._connection = connection
        self._policy: Mapping[str, Any] = connection.policy

    async def find(
        self, identity: "UpstreamIdentity", begun_at: BegunAt | None, *, admitted: bool
    ) -> Found:
        """Return whose identity it is; the account is locked.

        Args:
            identity: Who came.
            begun_at: The application that they were on the way to.
            admitted: Whether their address may be mailed to.

        Raises:
            UpstreamSignInRefused: Nobody's, and they get no account by coming.
        """
        row = await self._uow.upstream_identities.by_subject(
            self._connection.id, identity.subject
        )
        if row is not None:
            return await self._known(row, identity)
        email = address_of(identity)
        if email is None:
            # Whoever has an account may prove it; an account needs an address.
            return Found(must_prove=True)
        user = await self._uow.users.by_email(canonical_email(email), lock=True)
        vouched = is_vouched(self._policy, identity, email)
        if user is None:
            return await self._new(identity, email, vouched, begun_at, admitted)
        if vouched and await self._is_somebody_elses(user):
            return Found(must_prove=True)
        if vouched:
            await self._adopt(user, identity, email)
            linked = await self.link(user, identity, "trusted_address")
            return Found(user, linked)
        if identity.email_verified or self._is_open:
            return Found(must_prove=True)
        # Anybody may say so: whether there is an account is told to its owner only.
        self._demand_rule(identity, email)
        if admitted:
            await self._registrations().repeat(user, email, begun_at)
        return Found(is_new=True)

    async def _is_somebody_elses(self, user: User) -> bool:
        """Tell whether the same other side knows an account's owner as somebody else.

        Two people there share the address, or it passed from one to the other: neither
        is taken for both. Of an account that nobody proved, nothing is anybody's.
        """
        if not user.email_verified:
            return False
        links = await self._uow.upstream_identities.list_with_names(user.id)
        return any(row.connection_id == self._connection.id for row, _ in links)

    async def _known(self, row: Row, identity: "UpstreamIdentity") -> Found:
        user = await self._uow.users.by_id(row.user_id, lock=True)
        now, claims = self._uow.clock.now(), kept_claims(identity)
        is_first = row.last_used_at is None
        is_there = await self._uow.upstream_identities.note_use(row.id, now, claims)
        if user is None or not is_there:
            raise UpstreamSignInRefused("changed_meanwhile", "the link was ended")
        if is_first and await self._uow.upstream_entries.tell(row.id):
            # Made by reading a directory: for its owner it begins here (ADR-0105).
            row.linked_at = now
            self._tell(user, row.id, "trusted_address")
        return Found(user, row.id)

    async def link(self, user: User, identity: "UpstreamIdentity", how: str) -> UUID:
        """Have an account known by an identity from now on; return what that is called.

        Args:
            user: The account, locked.
            identity: Who they are elsewhere.
            how: For the trail, see ``UpstreamLinked``.

        Raises:
            IntegrityError: Somebody else's account is known by it, with the flush.
        """
        return await self.link_as(user, identity.subject, kept_claims(identity), how)

    async def link_as(
        self, user: User, subject: str, claims: dict[str, Any], how: str
    ) -> UUID:
        """Do the same with what was kept of an identity."""
        now, row_id = self._uow.clock.now(), self._uow.randomness.uuid7()
        self._uow.upstream_identities.add(
            Row(
                id=row_id,
                connection_id=self._connection.id,
                subject=subject,
                user_id=user.id,
                claims=claims,
                linked_at=now,
                last_used_at=None if how == "proven" else now,
            )
        )
        self._tell(user, row_id, how)
        await self._uow.db.flush()
        return row_id

    def _tell(self, user: User, identity_id: UUID, how: str) -> None:
        """Tell the owner of an account of a link, but of the one it was made with."""
        is_new = how == "new_account"  # nobody was there who did not know of it
        link = None if is_new else not_me_link(self._uow, self._process, user)
        self._uow.record(
            UpstreamLinked(
                user_id=user.id,
                actor_id=user.id,
                connection=self._connection.name,
                service=self._connection.display_name,
                identity_id=identity_id,
                how=how,
                to=NOBODY if is_new else user.email,
                locale=user.locale,
                not_me_id=link,
            )
        )

    @property
    def _is_open(self) -> bool:
        return self._process.settings.registration_mode == "open"

    async def _adopt(
        self, user: User, identity: "UpstreamIdentity", email: str
    ) -> None:
        """Give an account to whoever was vouched for as the reader of its mailbox.

        One that nobody proved was perhaps made by somebody who waits for them
        (pre-hijacking): it becomes theirs alone, and be it disabled: it may be enabled
        again. One that was invited has nothing of anybody's.
        """
        if user.email_verified:
            return
        now, tokens = self._uow.clock.now(), self._uow.one_time_tokens
        if await tokens.is_pending(Purpose.INVITATION, user.email_canonical, now):
            if self._policy["account_rule"] == "closed":
                raise UpstreamSignInRefused("account_rule", "closed to who is invited")
            await tokens.revoke(Purpose.INVITATION, user.email_canonical, now)
            event: Any = InvitationAccepted
        else:
            if user.password_hash is None and not is_unclaimed(user):
                # Made for somebody who never took it: the invitation lapsed.
                self._demand_rule(identity, email)
            await claim(self._uow, user, "address_vouched_for")
            event = EmailVerified
        set_email(user, email)  # as it was vouched for: of two spellings one is theirs
        mark_verified(user)
        touch(user, self._uow)
        self._uow.record(event(user_id=user.id, actor_id=user.id))

    def _demand_rule(self, identity: "UpstreamIdentity", email: str) -> None:
        demand_rule(self._process, self._policy, identity, email)

    async def _new(
        self,
        identity: "UpstreamIdentity",
        email: str,
        vouched: bool,
        begun_at: BegunAt | None,
        admitted: bool,
    ) -> Found:
        self._demand_rule(identity, email)
        user = new_user(self._uow, email)
        if vouched:
            mark_verified(user)
        else:
            wait_for_proof(user, self._process)
        self._uow.users.add(user)
        await self._uow.db.flush()
        await self._uow.users.add_roles(user.id, [USER_ROLE])
        self._uow.record(
            UserRegistered(user_id=user.id, actor_id=user.id, mode="upstream")
        )
        linked = await self.link(user, identity, "new_account")
        if not vouched and admitted:
            verifications = EmailVerificationService(self._uow, self._process)
            await verifications.send(user, begun_at)
        return Found(user, linked, is_new=True)

    def _registrations(self) -> RegistrationService:
        passwords = PasswordService(self._process)
        return RegistrationService(self._uow, self._process, passwords)


async def admit_mail(process: Process, identity: "UpstreamIdentity") -> bool:
    """Count a mail that may follow; tell whether the address gets one.

    Raises:
        TooManyRequests: The caller's address had too many sent.
    """
    email = address_of(identity)
    if email is None:
        return False
    return await MailRequestService(process).admit(_MAIL, canonical_email(email))


def kept_claims(identity: "UpstreamIdentity") -> dict[str, Any]:
    """Return what is kept of an identity: enough for its owner to know it again."""
    told = {name: identity.claims.get(name) for name in _TOLD} | {
        "email": identity.email
    }
    return {
        name: printable(value, _MAX_TOLD)
        for name, value in told.items()
        if isinstance(value, str) and value
    }


def told_as(claims: Mapping[str, Any]) -> str:
    """Return what an identity is called where its owner looks at it."""
    return next((str(claims[name]) for name in _TOLD if claims.get(name)), "")
