"""``/api/v1/users/me/passkeys``: one's own passkeys."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api.answers import json_response, problems
from app.api.dependencies import SIGNED_IN, Caller, OnceDep, Passkeys, RecentCaller
from app.api.strict_json import StrictRoute
from app.core.exceptions import TooManyRequests
from app.schemas.factor import (
    NewPasskey,
    PasskeyChange,
    PasskeyCreationOptions,
    PasskeyOut,
    PasskeySignals,
)
from app.services.accounts.errors import UserNotFound
from app.services.factors.errors import (
    AddressNotConfirmed,
    FactorNotFound,
    FactorsFrozen,
    RefusedPasskey,
    TooManyPasskeys,
)
from app.services.factors.way_in import LastWayIn
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.sessions.errors import (
    InsufficientUserAuthentication,
    ReauthenticationRequired,
)

router = APIRouter(
    prefix="/api/v1/users/me/passkeys", tags=["factors"], route_class=StrictRoute
)
_SIGNED_IN = (*SIGNED_IN, UserNotFound)
_CHANGE = (
    *_SIGNED_IN,
    ReauthenticationRequired,
    InsufficientUserAuthentication,
    AddressNotConfirmed,
    FactorsFrozen,
)
# An id and nothing else: "options" and "signals" beside it are addresses of their own.
_PASSKEY = "/{passkey_id:uuid}"


@router.post(
    "/options",
    response_model=PasskeyCreationOptions,
    responses=problems(*_CHANGE, TooManyPasskeys),
)
async def passkey_creation_options(
    caller: RecentCaller, passkeys: Passkeys
) -> Response:
    """Return creation options (WebAuthn, ``parseCreationOptionsFromJSON``)."""
    actor = caller.actor
    return json_response(await passkeys.options(actor.user_id, actor.session_id))


@router.post(
    "",
    status_code=201,
    response_model=PasskeyOut,
    responses=problems(
        *_CHANGE,
        IdempotencyKeyReused,
        RefusedPasskey,
        TooManyPasskeys,
        TooManyRequests,
        body=True,
    ),
)
async def add_passkey(
    body: NewPasskey, caller: RecentCaller, passkeys: Passkeys, once: OnceDep
) -> Response:
    """Add the passkey that the browser made; every other session ends."""
    user_id, session_id = caller.actor.user_id, caller.actor.session_id

    async def make() -> Answer:
        made = await passkeys.add(user_id, session_id, body.response, body.name)
        return Answer(201, PasskeyOut.model_validate(made).model_dump_json())

    # From whichever session: one of before the first passkey adds no more by itself.
    return await once.answer("passkeys", user_id, make)


@router.get("/signals", responses=problems(*_SIGNED_IN))
async def passkey_signals(caller: Caller, passkeys: Passkeys) -> PasskeySignals:
    """Return what the browser's signal methods take, to tidy password managers."""
    told = await passkeys.signals(caller.actor.user_id)
    return PasskeySignals.model_validate(told)


@router.patch(
    _PASSKEY,
    responses=problems(*_SIGNED_IN, FactorsFrozen, FactorNotFound, body=True),
)
async def rename_passkey(
    passkey_id: UUID, body: PasskeyChange, caller: Caller, passkeys: Passkeys
) -> PasskeyOut:
    """Give a passkey another name."""
    actor = caller.actor
    renamed = await passkeys.rename(
        actor.user_id, actor.session_id, passkey_id, body.name
    )
    return PasskeyOut.model_validate(renamed)


@router.delete(
    _PASSKEY,
    status_code=204,
    responses=problems(*_CHANGE, FactorNotFound, LastWayIn),
)
async def remove_passkey(
    passkey_id: UUID, caller: RecentCaller, passkeys: Passkeys
) -> None:
    """Remove a passkey; every other session ends.

    With the last factor the recovery codes go too.
    """
    actor = caller.actor
    await passkeys.remove(actor.user_id, actor.session_id, passkey_id)
