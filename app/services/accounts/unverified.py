"""Accounts that nobody proved to be theirs, and whoever proves to be the owner.

Anybody can register anybody's address. Such an account lives for a while, and whoever
proves to read mail at the address gets it, empty (ADR-0008, ADR-0018).
"""

from datetime import timedelta
from typing import Any

from app.core.exceptions import FieldError, Unprocessable
from app.events.password import PasswordCleared
from app.events.user import UserDisplaced, UserExpired
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import (
    delete_factors,
    end_everything,
    erase,
    set_email,
    set_password,
    touch,
)
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.typed_text import is_special_use, read_email

_MAILED = (Purpose.RESET_PASSWORD, Purpose.EMAIL_CODE, Purpose.VERIFY_EMAIL)
_PROFILE = ("name", "given_name", "family_name", "picture", "locale", "zoneinfo")


def accept_address(process: Process, email: str) -> None:
    """Refuse an address that the operator wants no accounts of.

    Raises:
        Unprocessable: ``special_use_domain``; it tells nothing of accounts.
    """
    if process.settings.email.special_use_domains or not is_special_use(email):
        return
    message = "addresses of this domain are not accepted here"
    raise Unprocessable([FieldError("email", "special_use_domain", message)])


def wait_for_proof(user: User, process: Process) -> None:
    """Let an account that somebody made for themselves end unless they prove it."""
    ttl = timedelta(seconds=process.settings.retention.unverified_ttl)
    user.unverified_until = user.created_at + ttl


def is_unclaimed(user: User) -> bool:
    """Tell whether somebody registered it, and nobody ever proved or vouched for it."""
    return not user.email_verified and user.unverified_until is not None


def owners_proofs(user: User) -> tuple[Purpose, ...]:
    """Return which links and codes only the owner of a mailbox may end.

    They were mailed to an address that nobody proved. Whoever made the account is
    perhaps somebody else, and must not end them by choosing another password.
    """
    return _MAILED if is_unclaimed(user) else ()


def mark_verified(user: User) -> None:
    """Note that the owner of the account reads mail at its address."""
    user.email_verified, user.unverified_until = True, None


def mail_to(user: User | None, typed: str) -> str | None:
    """Return where a mail goes that somebody asked for; None: to nobody.

    To the address that was proven; and if none was, to the one that was typed. The two
    have one key and may be two mailboxes all the same.
    """
    if user is None or user.email_verified:
        return user.email if user else None
    try:
        return read_email(typed)
    except ValueError:
        return user.email  # of an earlier release, which accepted more


def proof_of(typed: str) -> dict[str, Any]:
    """Return what a token has to remember of the address that its mail went to."""
    return {"typed": typed}


def take_proven_address(user: User, token: OneTimeToken) -> None:
    """Give an account the very address that its mail was read at."""
    address = mail_to(user, token.data.get("typed", user.email))
    if not user.email_verified and address is not None:
        set_email(user, address)
    mark_verified(user)


async def claim(uow: UnitOfWork, user: User, reason: str) -> None:
    """Take an account from whoever made it, for the reader of its mailbox.

    Whoever registered an address may have been somebody else, waiting with a password
    and a session for its owner to come (pre-hijacking). Nothing of theirs is left:
    neither password, factors, sessions, grants and consents nor name, picture and
    claims, nor whom they are known as elsewhere; and where they signed in is no place
    that the owner is known at.
    """
    now = uow.clock.now()
    had_password = user.password_hash is not None
    set_password(user, None, now)
    for column in _PROFILE:
        setattr(user, column, None)
    touch(user, uow)
    await end_everything(uow, user, now, reason, not_me=True)
    await uow.sessions.forget_networks(user.id, user.created_at)
    await delete_factors(uow, user.id)
    await uow.upstream_identities.delete_for_user(user.id)
    await uow.oauth_consents.delete_for_user(user.id)
    await uow.user_claims.delete_for_user(user.id)
    await uow.user_pictures.delete_for_user(user.id)
    if had_password:
        uow.record(PasswordCleared(user_id=user.id, reason=reason))


async def displace(uow: UnitOfWork, canonical: str, owner: User) -> None:
    """Delete the account that nobody proved, of an address that somebody else proved.

    Args:
        uow: The caller's transaction.
        canonical: Key of the address.
        owner: The account that gets it.
    """
    holder = await uow.users.by_email(canonical, lock=True)
    if holder is None or holder.id == owner.id or not is_unclaimed(holder):
        return
    uow.record(UserDisplaced(user_id=holder.id, by=owner.id))
    await erase(uow, holder, uow.clock.now(), "address_proven_elsewhere")


async def end_unverified(uow: UnitOfWork, ttl: int, limit: int) -> int:
    """Delete accounts that nobody proved or used in time; return how many."""
    now = uow.clock.now()
    used_since = now - timedelta(seconds=ttl)
    ended = await uow.users.delete_unverified(now, used_since, limit)
    for user_id in ended:
        uow.record(UserExpired(user_id=user_id))
    return len(ended)
