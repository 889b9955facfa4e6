"""``/api/v1/auth``: registering, signing in and out, passwords and addresses."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response, status

from app.api.answers import (
    TOKENS,
    documented_body,
    problems,
    tokens_response,
    user_out,
)
from app.api.dependencies import (
    SIGNED_IN,
    BegunAts,
    Caller,
    EmailCodes,
    NotMes,
    OnceDep,
    PasswordChanges,
    RecentCallerOfTwo,
    Registrations,
    Resets,
    RuntimeDep,
    Sessions,
    Uow,
    Verifications,
    get_runtime,
)
from app.api.strict_json import StrictRoute, read_model
from app.core.context import current
from app.core.exceptions import TooManyRequests
from app.schemas.auth import (
    ChangePasswordRequest,
    EmailCodeRequest,
    EmailRequest,
    LoginRequest,
    MailRequest,
    MfaRequest,
    NotMeRequest,
    Proving,
    RefreshRequest,
    RegisterRequest,
    ResetPasswordRequest,
    VerificationSent,
    VerifyEmailRequest,
)
from app.schemas.user import User
from app.services.accounts.errors import EmailTaken, InvalidCredentials
from app.services.accounts.password import WrongPassword
from app.services.accounts.registration import RegistrationClosed
from app.services.factors.errors import AddressNotConfirmed, FactorsFrozen
from app.services.one_time.errors import InvalidCode, InvalidOneTimeToken
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.sessions.errors import (
    InsufficientUserAuthentication,
    ReauthenticationRequired,
)
from app.services.sessions.session import (
    InvalidRefreshToken,
    ReusedRefreshToken,
    SessionNotFound,
    SessionTokenService,
)
from app.services.sign_in.errors import (
    EmailNotVerified,
    InvalidMfaToken,
    MfaRequired,
    PasswordResetRequired,
)
from app.services.sign_in.password import SignInService
from app.services.sign_in.second_step import FactorAnswer, SecondStepService
from app.services.upstreams.realm import ConnectionLeads, demand_unled

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=StrictRoute)


def _with_proof(body: Proving) -> None:
    """Note the work that a request brings, for the limits that it may pass."""
    current().proof = body.proof or ""


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    response_model=User,
    responses={
        202: {"model": VerificationSent, "description": "Confirm by mail"},
        **problems(
            EmailTaken,
            IdempotencyKeyReused,
            RegistrationClosed,
            ConnectionLeads,
            TooManyRequests,
            InvalidOneTimeToken,
            body=True,
        ),
    },
)
async def register(
    body: RegisterRequest,
    registrations: Registrations,
    begun_ats: BegunAts,
    uow: Uow,
    once: OnceDep,
    runtime: RuntimeDep,
) -> Response:
    """Make an account; what follows depends on the registration mode."""
    _with_proof(body)
    if body.invitation is None:
        await demand_unled(runtime.connections, body.email)

    async def make() -> Answer:
        begun_at = await begun_ats.named(body.client_id)
        user = await registrations.register(
            body.email, body.password, body.name, body.invitation, begun_at
        )
        if user is None:
            return Answer(202, VerificationSent().model_dump_json())
        roles = (await uow.users.roles_of([user.id])).get(user.id, [])
        return Answer(201, user_out(user, roles).model_dump_json())

    return await once.answer("register", None, make)


@router.post(
    "/login",
    responses=TOKENS
    | problems(
        InvalidCredentials,
        ConnectionLeads,
        MfaRequired,
        EmailNotVerified,
        PasswordResetRequired,
        TooManyRequests,
        body=True,
    ),
    openapi_extra=documented_body(LoginRequest),
)
async def login(request: Request) -> Response:
    """Sign in with a password."""
    body = await read_model(request, LoginRequest)
    _with_proof(body)
    current().devices = (body.device_token,) if body.device_token else ()
    runtime = get_runtime(request)
    await demand_unled(runtime.connections, body.email)
    service = SignInService(runtime)
    return tokens_response(await service.with_password(body.email, body.password))


@router.post(
    "/mfa",
    responses=TOKENS
    | problems(
        InvalidMfaToken,
        InvalidCode,
        AddressNotConfirmed,
        FactorsFrozen,
        TooManyRequests,
        body=True,
    ),
)
async def mfa(body: MfaRequest, runtime: RuntimeDep) -> Response:
    """Finish a sign-in with a second factor."""
    answer = FactorAnswer(
        body.factor, body.response if body.code is None else body.code
    )
    steps = SecondStepService(runtime)
    return tokens_response(await steps.finish(body.mfa_token, answer))


@router.post(
    "/refresh",
    responses=TOKENS | problems(InvalidRefreshToken, ReusedRefreshToken, body=True),
    openapi_extra=documented_body(RefreshRequest),
)
async def refresh(request: Request) -> Response:
    """Exchange a refresh token for its successor and a new access token."""
    body = await read_model(request, RefreshRequest)
    service = SessionTokenService(get_runtime(request))
    return tokens_response(await service.refresh(body.refresh_token))


@router.post("/logout", status_code=204, responses=problems(*SIGNED_IN))
async def logout(caller: Caller, sessions: Sessions) -> None:
    """End the session; its refresh token ends with it."""
    actor = caller.actor
    with suppress(SessionNotFound):  # over already, which is what was asked for
        await sessions.end(actor.user_id, actor.session_id, "logout")


@router.post(
    "/verify-email",
    status_code=204,
    responses=problems(InvalidOneTimeToken, InvalidCode, TooManyRequests, body=True),
)
async def verify_email(body: VerifyEmailRequest, verifications: Verifications) -> None:
    """Confirm the address with the link's token, or with address and code."""
    if body.token is not None:
        await verifications.with_token(body.token)
    else:
        await verifications.with_code(body.email or "", body.code or "")


@router.post(
    "/resend-verification",
    status_code=202,
    responses=problems(TooManyRequests, body=True),
)
async def resend_verification(
    body: MailRequest, verifications: Verifications, begun_ats: BegunAts
) -> VerificationSent:
    """Send the verification mail again, if the account waits for one."""
    _with_proof(body)
    await verifications.resend(body.email, await begun_ats.named(body.client_id))
    return VerificationSent()


@router.post(
    "/not-me",
    status_code=204,
    responses=problems(InvalidOneTimeToken, body=True),
)
async def not_me(body: NotMeRequest, service: NotMes) -> None:
    """Say that a sign-in or a change that a mail told of was somebody else's.

    Everything of the account is signed out, factors and address are as they were
    before, and a link to choose a new password is mailed to the address of that mail.
    """
    await service.with_token(body.token)


@router.post(
    "/forgot-password",
    status_code=202,
    responses=problems(TooManyRequests, body=True),
)
async def forgot_password(
    body: MailRequest, resets: Resets, begun_ats: BegunAts
) -> VerificationSent:
    """Send a reset link, if the address has an account."""
    _with_proof(body)
    await resets.request(body.email, await begun_ats.named(body.client_id))
    return VerificationSent()


@router.post(
    "/reset-password",
    status_code=204,
    responses=problems(InvalidOneTimeToken, InvalidCode, TooManyRequests, body=True),
)
async def reset_password(body: ResetPasswordRequest, resets: Resets) -> None:
    """Set a new password with the link's token or the code; every session ends."""
    if body.token is not None:
        await resets.with_token(body.token, body.new_password)
    else:
        await resets.with_code(body.email or "", body.code or "", body.new_password)


@router.post(
    "/change-password",
    status_code=204,
    responses=problems(
        *SIGNED_IN,
        ReauthenticationRequired,
        InsufficientUserAuthentication,
        WrongPassword,
        TooManyRequests,
        body=True,
    ),
)
async def change_password(
    body: ChangePasswordRequest, caller: RecentCallerOfTwo, changes: PasswordChanges
) -> None:
    """Set a new password; every other session ends."""
    await changes.change(
        caller.account,
        caller.actor.session_id,
        body.current_password,
        body.new_password,
    )


@router.post(
    "/email-code",
    status_code=202,
    responses=problems(ConnectionLeads, TooManyRequests, body=True),
)
async def email_code(
    body: EmailRequest, codes: EmailCodes, runtime: RuntimeDep
) -> VerificationSent:
    """Send a code that signs in, if the address has an account."""
    _with_proof(body)
    await demand_unled(runtime.connections, body.email)
    await codes.request(body.email)
    return VerificationSent()


@router.post(
    "/email-code/verify",
    responses=TOKENS
    | problems(
        InvalidCode,
        InvalidCredentials,
        ConnectionLeads,
        MfaRequired,
        PasswordResetRequired,
        TooManyRequests,
        body=True,
    ),
)
async def verify_email_code(
    body: Annotated[EmailCodeRequest, Body()], codes: EmailCodes, runtime: RuntimeDep
) -> Response:
    """Sign in with the code from the mail."""
    await demand_unled(runtime.connections, body.email)
    return tokens_response(await codes.verify(body.email, body.code))
