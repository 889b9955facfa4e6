"""``/api/v1/auth/passkey``: signing in with a passkey, alone or as a second step."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app.api.answers import TOKENS, json_response, problems, tokens_response
from app.api.dependencies import RuntimeDep
from app.api.strict_json import StrictRoute
from app.core.exceptions import TooManyRequests
from app.schemas.auth import MfaOptionsRequest, PasskeyOptionsRequest, PasskeyRequest
from app.schemas.factor import PasskeyRequestOptions, TotpSetup
from app.services.factors.errors import (
    AddressNotConfirmed,
    FactorsFrozen,
    SecondFactorExists,
)
from app.services.one_time.errors import InvalidCode
from app.services.sign_in.errors import (
    EmailNotVerified,
    InvalidMfaToken,
    InvalidPasskey,
    PasswordResetRequired,
)
from app.services.sign_in.passkey import PasskeySignInService
from app.services.sign_in.second_step import SecondStepService

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/passkey/options",
    response_model=PasskeyRequestOptions,
    responses=problems(body=True),
)
async def passkey_options(
    runtime: RuntimeDep,
    _body: Annotated[PasskeyOptionsRequest | None, Body()] = None,
) -> Response:
    """Return request options (WebAuthn Level 3, ``parseRequestOptionsFromJSON``).

    They are the same whoever asks and for whom: no passkeys are named.
    """
    return json_response(await PasskeySignInService(runtime).options())


@router.post(
    "/passkey/verify",
    responses=TOKENS
    | problems(
        InvalidPasskey,
        EmailNotVerified,
        PasswordResetRequired,
        TooManyRequests,
        body=True,
    ),
)
async def verify_passkey(body: PasskeyRequest, runtime: RuntimeDep) -> Response:
    """Sign in with what a passkey answered."""
    sign_ins = PasskeySignInService(runtime)
    return tokens_response(await sign_ins.verify(body.response))


@router.post(
    "/mfa/totp",
    responses=problems(
        InvalidMfaToken,
        SecondFactorExists,
        AddressNotConfirmed,
        FactorsFrozen,
        body=True,
    ),
)
async def mfa_totp(body: MfaOptionsRequest, runtime: RuntimeDep) -> TotpSetup:
    """Return an authenticator app for whoever is to have a second factor and has none.

    It counts once a code of it finishes the sign-in at `POST /api/v1/auth/mfa`.
    """
    setup = await SecondStepService(runtime).first_totp(body.mfa_token)
    return TotpSetup.model_validate(setup)


@router.post(
    "/mfa/options",
    response_model=PasskeyRequestOptions,
    responses=problems(InvalidMfaToken, InvalidCode, body=True),
)
async def mfa_options(body: MfaOptionsRequest, runtime: RuntimeDep) -> Response:
    """Return request options for a second step with a passkey of the account."""
    options = await SecondStepService(runtime).passkey_options(body.mfa_token)
    return json_response(options)
