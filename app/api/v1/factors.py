"""``/api/v1/users/me/factors``, ``totp`` and ``recovery-codes``: one's own factors."""

from fastapi import APIRouter, Response

from app.api.answers import problems
from app.api.dependencies import (
    SIGNED_IN,
    Caller,
    FactorsDep,
    OnceDep,
    RecentCaller,
    RecoveryCodesDep,
    Totps,
)
from app.api.once import of_session
from app.api.strict_json import StrictRoute
from app.core.exceptions import TooManyRequests
from app.schemas.factor import Factors, RecoveryCodes, TotpConfirm, TotpSetup
from app.services.accounts.errors import UserNotFound
from app.services.factors.errors import (
    AddressNotConfirmed,
    FactorNotFound,
    FactorsFrozen,
    NoSecondFactor,
)
from app.services.one_time.errors import InvalidCode
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.sessions.errors import (
    InsufficientUserAuthentication,
    ReauthenticationRequired,
)

router = APIRouter(prefix="/api/v1/users/me", tags=["factors"], route_class=StrictRoute)
_CHANGE = (
    *SIGNED_IN,
    ReauthenticationRequired,
    InsufficientUserAuthentication,
    AddressNotConfirmed,
    FactorsFrozen,
    UserNotFound,
)


@router.get("/factors", responses=problems(*SIGNED_IN))
async def list_factors(caller: Caller, factors: FactorsDep) -> Factors:
    """List one's factors, and how many recovery codes are left."""
    return Factors.model_validate(await factors.list_all(caller.actor.user_id))


@router.post(
    "/totp",
    response_model=TotpSetup,
    responses=problems(*_CHANGE, IdempotencyKeyReused, TooManyRequests),
)
async def begin_totp(caller: RecentCaller, totps: Totps, once: OnceDep) -> Response:
    """Get a secret for an authenticator app; it counts once a code is confirmed.

    Until then the app of before works on.
    """
    actor = caller.actor

    async def make() -> Answer:
        setup = await totps.begin(actor.user_id, actor.session_id)
        return Answer(200, TotpSetup.model_validate(setup).model_dump_json())

    route = of_session("totp", actor)
    return await once.answer(route, actor.user_id, make, is_secret=True)


@router.post(
    "/totp/confirm",
    status_code=204,
    responses=problems(*_CHANGE, InvalidCode, TooManyRequests, body=True),
)
async def confirm_totp(body: TotpConfirm, caller: RecentCaller, totps: Totps) -> None:
    """Confirm the app with a code that it shows; every other session ends.

    The code is used up by this: the next sign-in needs the next one.
    """
    actor = caller.actor
    await totps.confirm(actor.user_id, actor.session_id, body.code)


@router.delete("/totp", status_code=204, responses=problems(*_CHANGE, FactorNotFound))
async def remove_totp(caller: RecentCaller, totps: Totps) -> None:
    """Remove the authenticator app; every other session ends.

    With the last factor the recovery codes go too.
    """
    await totps.remove(caller.actor.user_id, caller.actor.session_id)


@router.post(
    "/recovery-codes",
    response_model=RecoveryCodes,
    responses=problems(*_CHANGE, IdempotencyKeyReused, NoSecondFactor, TooManyRequests),
)
async def make_recovery_codes(
    caller: RecentCaller, codes: RecoveryCodesDep, once: OnceDep
) -> Response:
    """Get ten codes that work once each; those of before are void.

    They are shown this once. Every other session ends.
    """
    actor = caller.actor

    async def make() -> Answer:
        made = await codes.make(actor.user_id, actor.session_id)
        return Answer(200, RecoveryCodes(codes=made).model_dump_json())

    route = of_session("recovery-codes", actor)
    return await once.answer(route, actor.user_id, make, is_secret=True)
