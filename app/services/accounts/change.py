"""Steps that every change of an account shares."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from app.core.exceptions import FieldError, Forbidden, Unprocessable
from app.events.group import GroupCreated
from app.events.personal_token import PersonalTokensRevoked
from app.factors.base import MULTI_FACTOR
from app.models.access.group import Group
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.policies.permission import ADMIN_ROLE, Actor
from app.policies.user import may_edit, may_grant
from app.repositories.oauth.jti import LONGEST_TOKEN
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.errors import LastAdministrator, UserNotFound
from app.services.one_time.token import Purpose
from app.services.sessions.authentication import InvalidAccessToken
from app.services.sessions.end import end_all_sessions
from app.typed_text import canonical_email, search_text_of


def set_password(
    user: User, password_hash: str | None, now: datetime, *, mailed: bool = False
) -> None:
    """Give an account another password, or none.

    Args:
        user: Whose.
        password_hash: What is stored of it.
        now: When.
        mailed: Whoever chose it proved a mailbox and nothing else.
    """
    user.password_hash, user.password_mailed = password_hash, mailed
    user.password_changed_at = now


def note_proven(user: User, amr: Collection[str]) -> None:
    """Let a password count that came by mail, once a second factor was proven too.

    Until then it proves the mailbox once more, and must not take factors away with it.
    """
    if "pwd" in amr and MULTI_FACTOR in amr:
        user.password_mailed = False


async def end_everything(
    uow: UnitOfWork,
    user: User,
    now: datetime,
    reason: str,
    keep: UUID | None = None,
    spared: Collection[str] = (),
    not_me: bool = False,
) -> int:
    """End a user's sessions, grants and one-time tokens; return how many sessions.

    No browser is remembered for the second step any more, either. Personal access
    tokens end too, unless the owner is there and stays (ADR-0086).

    Applications that the person is signed in to are told, and lose their offline access
    too: it was given by whoever was in before.

    The flush comes first: whoever signs in at this moment waits for this row, and
    either sees the change or is seen by the statements after it.

    Args:
        uow: The caller's transaction.
        user: Whose.
        now: When.
        reason: Why.
        keep: This session and its grants live on.
        spared: What one-time tokens are for that live on.
        not_me: Links to say "this wasn't me" end too. They live on by default, or
            whoever got in would end them by choosing another password.
    """
    if not not_me:
        spared = (*spared, Purpose.NOT_ME)
    await uow.db.flush()
    await uow.one_time_tokens.revoke_for_user(user.id, now, spared)
    await uow.devices.delete_for_user(user.id)
    if keep is None:
        await _end_personal_tokens(uow, user.id, reason)
    return await end_all_sessions(uow, user.id, reason, keep=keep)


async def erase(uow: UnitOfWork, user: User, now: datetime, reason: str) -> None:
    """End what an account has, and delete it.

    Its grants go with it, so that whoever reads what was revoked could not learn of
    them: their ids stay until the last token has expired (ADR-0084).
    """
    await end_everything(uow, user, now, reason)
    await uow.oauth_used.revoke_grants(user.id, now + LONGEST_TOKEN, now)
    await uow.users.delete(user)


async def _end_personal_tokens(uow: UnitOfWork, user_id: UUID, reason: str) -> None:
    count = await uow.personal_tokens.delete_for_user(user_id)
    if count:
        uow.record(PersonalTokensRevoked(user_id=user_id, reason=reason, count=count))


async def delete_factors(
    uow: UnitOfWork,
    user_id: UUID,
    *,
    only: str | None = None,
    since: datetime | None = None,
) -> tuple[str, ...]:
    """Take away what an account can prove besides its password.

    No browser is excused from the second step any more, either.

    Args:
        uow: The caller's transaction.
        user_id: Whose.
        only: Factors of this kind.
        since: What was set up from then on.

    Returns:
        The kinds of what there was.
    """
    deletions = {
        "totp": uow.totps.delete_for_user,
        "passkey": uow.passkeys.delete_for_user,
        "recovery_code": uow.recovery_codes.delete_for_user,
    }
    chosen = deletions if only is None else (only,)
    gone = [kind for kind in chosen if await deletions[kind](user_id, since=since)]
    await uow.devices.delete_for_user(user_id)
    return tuple(gone)


async def owner_of(uow: UnitOfWork, token: OneTimeToken) -> User | None:
    """Return the active account that a token was issued to, locked.

    None when it is gone or disabled, or has another address than the token was for.
    """
    if token.user_id is None:
        return None
    user = await uow.users.by_id(token.user_id, lock=True)
    if user is None or not user.is_active or user.email_canonical != token.subject:
        return None
    return user


def words_of(user: User) -> tuple[str | None, ...]:
    """Return what of an account must not be its password."""
    return user.email, user.name, user.given_name, user.family_name


async def words_of_owner(
    uow: UnitOfWork, token_id: UUID, purpose: str
) -> tuple[str | None, ...]:
    """Return the same for whom a token was issued to, and give the connection back."""
    token = await uow.one_time_tokens.peek(token_id, purpose, uow.clock.now())
    user = None
    if token is not None and token.user_id is not None:
        user = await uow.users.by_id(token.user_id)
    words = words_of(user) if user else ()
    await uow.db.rollback()
    return words


async def present(uow: UnitOfWork, user_id: UUID, session_id: UUID) -> User:
    """Return the caller's account, locked, if their session still lives.

    A request may have waited, for a limit or a hash, while the session was ended.
    Whoever ends everything waits for the same row, so one of the two sees the other.

    Raises:
        InvalidAccessToken: The session is over.
    """
    user = await existing(uow, user_id, lock=True)
    if not await uow.sessions.is_live(session_id, user_id, uow.clock.now()):
        raise InvalidAccessToken(hint="the session ended meanwhile")
    return user


async def existing(uow: UnitOfWork, user_id: UUID, *, lock: bool = False) -> User:
    """Return an account.

    Raises:
        UserNotFound: There is none.
    """
    user = await uow.users.by_id(user_id, lock=lock)
    if user is None:
        raise UserNotFound
    return user


async def check_editable(uow: UnitOfWork, actor: Actor, user_id: UUID) -> None:
    """Refuse a change of an account by somebody who may do less than its owner.

    Raises:
        Forbidden: The account may do more than the actor, who is not its owner.
    """
    refusal = may_edit(actor, await uow.roles.permissions_of(user_id))
    if refusal is not None and user_id != actor.user_id:
        raise Forbidden(hint=refusal)


async def demand_grantable(
    uow: UnitOfWork, actor: Actor, names: Collection[str]
) -> None:
    """Refuse to give or take roles that may do more than the actor.

    The roles cannot be deleted until the transaction is over.

    Raises:
        Forbidden: One may do more than the actor.
        Unprocessable: One does not exist.
    """
    roles = await uow.roles.by_names(names)
    missing = sorted(set(names) - {role.name for role in roles})
    if missing:
        message = f"has {missing[0]}, which is no role here"
        raise Unprocessable([FieldError("roles", "unknown_role", message)])
    for role in roles:
        refusal = may_grant(actor, role.permissions)
        if refusal is not None:
            raise Forbidden(hint=f"{role.name}: {refusal}")


def touch(user: User, uow: UnitOfWork) -> None:
    """Count a change that others may see."""
    user.version += 1
    user.updated_at = uow.clock.now()
    user.search_text = search_text_of(user)


def set_email(user: User, email: str) -> None:
    """Give an account an address, as the person wrote it, and its canonical form."""
    user.email = email
    user.email_canonical = canonical_email(email)


def new_user(uow: UnitOfWork, email: str, *, name: str | None = None) -> User:
    """Return an active account without a password; it is not stored yet."""
    now = uow.clock.now()
    user = User(
        id=uow.randomness.uuid7(),
        email_verified=False,
        password_hash=None,
        name=name,
        status="active",
        version=0,
        created_at=now,
    )
    set_email(user, email)
    touch(user, uow)
    return user


def new_group(
    uow: UnitOfWork, name: str, description: str = "", roles: Collection[str] = ()
) -> Group:
    """Return a group that is stored with the next flush, and say so.

    Its roles are only told of here: they need the stored group.
    """
    now = uow.clock.now()
    group = uow.groups.add(
        Group(
            id=uow.randomness.uuid7(),
            name=name,
            name_key=name.lower(),
            description=description,
            version=1,
            created_at=now,
            updated_at=now,
        )
    )
    uow.record(GroupCreated(group_id=group.id, group=name, roles=tuple(roles)))
    return group


@asynccontextmanager
async def keeping_an_administrator(
    uow: UnitOfWork, user_id: UUID
) -> AsyncIterator[None]:
    """Refuse a change of an account that would leave no active administrator.

    The lock on the role makes those who change administrators go one after the other,
    so that two cannot remove each other.

    Raises:
        LastAdministrator: Nobody would be left.
    """
    await uow.roles.by_name(ADMIN_ROLE, lock=True)
    is_administrator = ADMIN_ROLE in await uow.users.held_roles_of(user_id)
    yield
    await uow.db.flush()
    if is_administrator and await uow.users.count_active_members(ADMIN_ROLE) == 0:
        raise LastAdministrator
