"""Passkeys of an account: made, listed, named and removed."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.context import current
from app.factors.attestation import ModelRefused
from app.factors.base import MULTI_FACTOR, Ceremony, Enrolled, FactorRefused
from app.factors.passkey import (
    DEVICE_BOUND,
    SYNCED,
    VERIFIED,
    NewPasskey,
    Person,
    creation_options,
    read_challenge,
    user_handle,
    verify_creation,
)
from app.models.one_time_token import OneTimeToken
from app.models.passkey import Passkey
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import MAX_PASSKEYS
from app.services.accounts.change import existing
from app.services.factors.authenticator_name import name_of
from app.services.factors.challenge import Challenges, ceremony_of, ready
from app.services.factors.change import (
    Added,
    changeable,
    charge_change,
    demand_changeable,
    factor_added,
    factor_removed,
)
from app.services.factors.errors import (
    AddressNotConfirmed,
    FactorNotFound,
    FactorsFrozen,
    RefusedModel,
    RefusedPasskey,
    TooManyPasskeys,
)
from app.services.factors.stored import STORED, passkey_of, passkey_row
from app.services.factors.way_in import demand_way_in
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.utils.helpers import base64url

_FACTOR = "passkey"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page of passkeys hands to the browser.

    Attributes:
        signals: As ``PasskeyService.signals`` returns them.
        options: As ``PasskeyService.options``; None where none may be made now.
    """

    signals: dict[str, Any]
    options: dict[str, Any] | None


class PasskeyService:
    """What the owner of an account does with its passkeys."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def options(self, owner_id: UUID, session_id: UUID) -> dict[str, Any]:
        """Return what a browser needs to make a passkey; nothing is stored.

        Raises:
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
            TooManyPasskeys: The account has as many as it may.
        """
        await ready()
        user = await changeable(self._uow, owner_id, session_id)
        enrolled = await STORED[_FACTOR].enrolled(self._uow, self._process, owner_id)
        return self._options(user, enrolled, session_id)

    def _options(
        self, user: User, enrolled: Sequence[Enrolled], session_id: UUID
    ) -> dict[str, Any]:
        if len(enrolled) >= MAX_PASSKEYS:
            raise TooManyPasskeys
        challenge = self._challenges(session_id).new()
        ceremony = ceremony_of(self._process, user.id, challenge)
        handle = user_handle(enrolled, ceremony)
        return creation_options(_person(user, handle), enrolled, ceremony)

    async def offer(
        self, user: User, passkeys: Sequence[Passkey], session_id: UUID
    ) -> Offer:
        """Return what both methods say, of an account whose passkeys were read before.

        For a page of a session that was read just now.
        """
        await ready()
        enrolled = [passkey_of(row) for row in passkeys]
        options = None
        with suppress(AddressNotConfirmed, FactorsFrozen, TooManyPasskeys):
            demand_changeable(user, self._uow.clock.now())
            options = self._options(user, enrolled, session_id)
        return Offer(self._signals(user, enrolled), options)

    async def add(
        self,
        owner_id: UUID,
        session_id: UUID,
        answer: Any,
        name: str | None = None,
        counter: int | None = None,
    ) -> Passkey:
        """Store the passkey that a browser made; every other session ends.

        Args:
            owner_id: Whose.
            session_id: Where the options were asked for: they work for no other.
            answer: What the browser answered, in the JSON of WebAuthn.
            name: How its owner calls it; else it gets one of what made it.
            counter: Of the cookie, at a browser: its session has proven the passkey
                then, at the next count.

        Raises:
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
            RefusedModel: Its authenticator is of a model that is not taken here.
            RefusedPasskey: The answer does not do; the log says why.
            TooManyPasskeys: The account has as many as it may.
            TooManyRequests: There were too many changes.
        """
        await charge_change(self._process, owner_id)
        await ready()
        try:
            used, ceremony, made = self._judge(owner_id, session_id, answer)
        except ModelRefused as refusal:
            raise RefusedModel(hint=str(refusal)) from None
        except FactorRefused as refusal:
            raise RefusedPasskey(hint=str(refusal)) from None
        user = await changeable(self._uow, owner_id, session_id)
        if not await self._challenges(session_id).use_up(self._uow, used, owner_id):
            raise RefusedPasskey(hint="the challenge was used before")
        row = await self._store(user, ceremony, made, name)
        possession = SYNCED if made.is_backup_eligible else DEVICE_BOUND
        verified = (VERIFIED,) if made.is_user_verified else ()
        amr = (possession, *verified, MULTI_FACTOR)
        added = Added(_FACTOR, amr)
        await factor_added(self._uow, self._process, user, session_id, added, counter)
        return row

    def _challenges(self, session_id: UUID) -> Challenges:
        return Challenges(self._process, Purpose.PASSKEY_SETUP, session_id.hex)

    def _judge(
        self, owner_id: UUID, session_id: UUID, answer: Any
    ) -> tuple[OneTimeToken, Ceremony, NewPasskey]:
        challenge = read_challenge(answer)
        used = self._challenges(session_id).read(challenge)
        ceremony = ceremony_of(self._process, owner_id, challenge)
        return used, ceremony, verify_creation(answer, ceremony)

    async def _store(
        self, user: User, ceremony: Ceremony, made: NewPasskey, name: str | None
    ) -> Passkey:
        enrolled = await STORED[_FACTOR].enrolled(self._uow, self._process, user.id)
        if len(enrolled) >= MAX_PASSKEYS:
            raise TooManyPasskeys
        handle = user_handle(enrolled, ceremony)
        chosen = name or name_of(made.aaguid, current().user_agent)
        row = passkey_row(self._uow, user.id, handle, made, {"name": chosen})
        self._uow.passkeys.add(row)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            # Section 7.1: nobody may have it, or two accounts would share a key.
            raise RefusedPasskey(hint="somebody has this passkey already") from error
        return row

    async def rename(
        self, owner_id: UUID, session_id: UUID, passkey_id: UUID, name: str
    ) -> Passkey:
        """Call a passkey something else.

        Raises:
            FactorNotFound: The account has no such passkey.
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
        """
        await changeable(self._uow, owner_id, session_id)
        row = await self._uow.passkeys.by_id(passkey_id, owner_id)
        if row is None:
            raise FactorNotFound
        row.name = name
        return row

    async def remove(self, owner_id: UUID, session_id: UUID, passkey_id: UUID) -> None:
        """Take a passkey away; every other session ends.

        Raises:
            FactorNotFound: The account has no such passkey.
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
            LastWayIn: Nobody would get in any more.
        """
        user = await changeable(self._uow, owner_id, session_id)
        if not await self._uow.passkeys.delete_for_user(owner_id, passkey_id):
            raise FactorNotFound
        await demand_way_in(self._uow, user)
        await factor_removed(self._uow, self._process, user, _FACTOR, session_id)

    async def signals(self, owner_id: UUID) -> dict[str, Any]:
        """Return what the signal methods of WebAuthn Level 3 (5.1.10) take.

        Authenticators learn by it which passkeys are still good, and for whom.
        """
        enrolled = await STORED[_FACTOR].enrolled(self._uow, self._process, owner_id)
        return self._signals(await existing(self._uow, owner_id), enrolled)

    def _signals(self, user: User, enrolled: Sequence[Enrolled]) -> dict[str, Any]:
        ceremony = ceremony_of(self._process, user.id)
        handle = user_handle(enrolled, ceremony)
        person = _person(user, handle)
        return {
            "rpId": ceremony.rp_id,
            "userId": base64url(handle),
            "name": person.name,
            "displayName": person.display_name,
            "allAcceptedCredentialIds": [
                base64url(each.data["credential_id"]) for each in enrolled
            ],
        }


def _person(user: User, handle: bytes) -> Person:
    return Person(handle=handle, name=user.email, display_name=user.name or user.email)
