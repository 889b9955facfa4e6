"""``/api/v1/auth/factors/recover``: the slow way back of who lost every factor."""

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import RuntimeDep, Uow
from app.api.strict_json import StrictRoute
from app.core.exceptions import TooManyRequests
from app.schemas.auth import (
    FactorRecoveryPending,
    FinishFactorRecovery,
    MfaOptionsRequest,
    StopFactorRecovery,
)
from app.services.accounts.password import WrongPassword
from app.services.factors.errors import FactorRecoveryUnavailable, FactorsFrozen
from app.services.factors.recovery import FactorRecoveryService
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.sign_in.errors import InvalidMfaToken
from app.services.sign_in.lost_factors import LostFactorsService

router = APIRouter(
    prefix="/api/v1/auth/factors/recover", tags=["auth"], route_class=StrictRoute
)


@router.post(
    "",
    status_code=202,
    responses=problems(
        InvalidMfaToken,
        FactorRecoveryUnavailable,
        FactorsFrozen,
        TooManyRequests,
        body=True,
    ),
)
async def ask(body: MfaOptionsRequest, runtime: RuntimeDep) -> FactorRecoveryPending:
    """Say that every second factor is lost, in a sign-in that waits for one.

    The owner is told by mail, and can stop it. Asking again tells when the link leaves.
    """
    due_at = await LostFactorsService(runtime).ask(body.mfa_token)
    return FactorRecoveryPending(due_at=due_at)


@router.post(
    "/stop", status_code=204, responses=problems(InvalidOneTimeToken, body=True)
)
async def stop(body: StopFactorRecovery, uow: Uow, runtime: RuntimeDep) -> None:
    """Stop a recovery with the link from its first mails."""
    await FactorRecoveryService(uow, runtime).stop(body.token)


@router.post(
    "/finish",
    status_code=204,
    responses=problems(
        InvalidOneTimeToken, WrongPassword, FactorsFrozen, TooManyRequests, body=True
    ),
)
async def finish(body: FinishFactorRecovery, uow: Uow, runtime: RuntimeDep) -> None:
    """Take every second factor away, with the link of the last mail and the password.

    Every session ends.
    """
    await FactorRecoveryService(uow, runtime).finish(body.token, body.password)
