"""Turns requests into services; only hot paths, to save the cost, do it themselves."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.once import Once
from app.core.exceptions import (
    Forbidden,
    TooManyRequests,
    Unauthenticated,
)
from app.database import get_db
from app.policies.permission import Actor
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.group import GroupService
from app.services.access.role import RoleService
from app.services.accounts.account import AccountService
from app.services.accounts.audit_event import AuditEventService
from app.services.accounts.email_change import EmailChangeService
from app.services.accounts.email_verification import EmailVerificationService
from app.services.accounts.export import ExportService
from app.services.accounts.password import PasswordChangeService, PasswordService
from app.services.accounts.password_reset import PasswordResetService
from app.services.accounts.picture import PictureService
from app.services.accounts.registration import RegistrationService
from app.services.accounts.user import UserService
from app.services.accounts.user_claims import UserClaimsService
from app.services.attributes.definition import AttributeService
from app.services.clients.client import OAuthClientService
from app.services.clients.registration import OAuthRegistrationService
from app.services.clients.resource import OAuthResourceService
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.factors.factor import FactorService
from app.services.factors.passkey import PasskeyService
from app.services.factors.personal_token import PersonalTokenService
from app.services.factors.recovery_code import RecoveryCodeService
from app.services.factors.totp import TotpService
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.oauth.application_caller import ApplicationCallerService
from app.services.oauth.begun_at import BegunAtService
from app.services.oauth.consent import OAuthConsentService
from app.services.oauth.preview import PreviewService
from app.services.process.paging import Pages
from app.services.server.idempotency_key import IdempotencyService
from app.services.server.outbox import OutboxService
from app.services.server.runtime import Runtime
from app.services.server.why.service import WhyService
from app.services.sessions.authentication import (
    AuthenticationService,
    InvalidAccessToken,
    IssuedToApplication,
    IssuedToScript,
    SignedInUser,
)
from app.services.sessions.errors import (
    InsufficientScope,
    SecondFactorRequired,
    TokenRefused,
    TokenScopeMissing,
)
from app.services.sessions.personal_caller import (
    PersonalCallerService,
    demand_scope,
)
from app.services.sessions.session import SessionService
from app.services.sign_in.email_code import EmailCodeService
from app.services.sign_in.not_me import NotMeService
from app.services.sign_in.remembered_device import DeviceService

_ME, _PASSWORD = "/api/v1/users/me", "/api/v1/auth/change-password"
MAX_PAGE, DEFAULT_PAGE = 200, 50
# Only for the OpenAPI document; the header itself is read by AuthenticationService.
_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", bearerFormat="JWT")


def get_runtime(request: Request) -> Runtime:
    """Return the parts of the process."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _runtime(request: Request) -> Runtime:
    return get_runtime(request)


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
Db = Annotated[AsyncSession, Depends(get_db, scope="function")]


async def _uow(db: Db, runtime: RuntimeDep) -> UnitOfWork:
    return runtime.uow(db)


Uow = Annotated[UnitOfWork, Depends(_uow)]


async def recognise(request: Request) -> SignedInUser:
    """Return the caller of a request, or refuse.

    Where an owner sees to their account, an application may act for them (ADR-0054),
    and a personal access token by what it was made for (ADR-0086).
    """
    caller = await someone(request)
    if caller.actor.token_id is not None:
        demand_scope(caller.actor, request.method, request.scope["route"].path)
    return caller


async def someone(request: Request) -> SignedInUser:
    """Return the same; what a personal access token may do is still to be asked."""
    authorization, runtime = request.headers.getlist("authorization"), get_runtime(
        request
    )
    try:
        return await AuthenticationService(runtime).recognise(authorization)
    except IssuedToScript:
        return await PersonalCallerService(runtime).recognise(authorization)
    except IssuedToApplication:
        caller = await ApplicationCallerService(runtime).recognise(authorization)
    if not _is_owners_part(request.scope["route"].path):
        raise InsufficientScope(hint="of an application, outside of the owner's part")
    return caller


def _is_owners_part(path: str) -> bool:
    return path in (_ME, _PASSWORD) or path.startswith(f"{_ME}/")


async def _caller(
    request: Request, _scheme: Annotated[Any, Depends(_bearer)]
) -> SignedInUser:
    return await recognise(request)


Caller = Annotated[SignedInUser, Depends(_caller)]


async def _someone(
    request: Request, _scheme: Annotated[Any, Depends(_bearer)]
) -> SignedInUser:
    return await someone(request)


# Only for who asks for a permission: that of a personal access token is in its scope.
_Someone = Annotated[SignedInUser, Depends(_someone)]


async def _recent(caller: Caller, runtime: RuntimeDep) -> SignedInUser:
    await AuthenticationService(runtime).demand_presence(caller.actor)
    return caller


RecentCaller = Annotated[SignedInUser, Depends(_recent)]


async def _recent_by_two(caller: Caller, runtime: RuntimeDep) -> SignedInUser:
    await AuthenticationService(runtime).demand_presence_of_two(caller.actor)
    return caller


RecentCallerOfTwo = Annotated[SignedInUser, Depends(_recent_by_two)]


# What ``Caller`` refuses with, and what ``require`` does.
SIGNED_IN = (
    Unauthenticated,
    InvalidAccessToken,
    TokenScopeMissing,
    TokenRefused,
    TooManyRequests,
)
UNPERMITTED = (*SIGNED_IN, InsufficientScope, Forbidden, SecondFactorRequired)


def require(permission: str) -> Any:
    """Return a dependency: the actor, who holds this permission."""
    return Depends(_holder(permission))


def _holder(permission: str) -> Callable[..., Coroutine[Any, Any, Actor]]:
    async def holder(caller: _Someone, runtime: RuntimeDep) -> Actor:
        return await AuthenticationService(runtime).authorise(caller.actor, permission)

    return holder


IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Makes a repeated POST one POST"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
CursorText = Annotated[str | None, Query(max_length=2_048)]


async def _pages(
    runtime: RuntimeDep, cursor: CursorText = None, limit: Limit = DEFAULT_PAGE
) -> Pages:
    return Pages(runtime, cursor, limit)


PageDep = Annotated[Pages, Depends(_pages)]


async def _passwords(runtime: RuntimeDep) -> PasswordService:
    return PasswordService(runtime)


PasswordsDep = Annotated[PasswordService, Depends(_passwords)]


async def _registrations(
    uow: Uow, runtime: RuntimeDep, passwords: PasswordsDep
) -> RegistrationService:
    return RegistrationService(uow, runtime, passwords)


async def _verifications(uow: Uow, runtime: RuntimeDep) -> EmailVerificationService:
    return EmailVerificationService(uow, runtime)


async def _resets(
    uow: Uow, runtime: RuntimeDep, passwords: PasswordsDep
) -> PasswordResetService:
    return PasswordResetService(uow, runtime, passwords)


async def _password_changes(
    uow: Uow, runtime: RuntimeDep, passwords: PasswordsDep
) -> PasswordChangeService:
    return PasswordChangeService(uow, runtime, passwords)


async def _email_changes(uow: Uow, runtime: RuntimeDep) -> EmailChangeService:
    return EmailChangeService(uow, runtime)


async def _email_codes(uow: Uow, runtime: RuntimeDep) -> EmailCodeService:
    return EmailCodeService(uow, runtime)


async def _begun_ats(runtime: RuntimeDep) -> BegunAtService:
    return BegunAtService(runtime)


async def _sessions(uow: Uow) -> SessionService:
    return SessionService(uow)


async def _devices(uow: Uow) -> DeviceService:
    return DeviceService(uow)


async def _accounts(uow: Uow, runtime: RuntimeDep) -> AccountService:
    return AccountService(uow, runtime)


async def _consents(uow: Uow) -> OAuthConsentService:
    return OAuthConsentService(uow)


async def _exports(runtime: RuntimeDep) -> ExportService:
    return ExportService(runtime)


async def _users(uow: Uow, runtime: RuntimeDep, passwords: PasswordsDep) -> UserService:
    return UserService(uow, runtime, passwords)


async def _not_mes(
    uow: Uow, runtime: RuntimeDep, passwords: PasswordsDep
) -> NotMeService:
    return NotMeService(uow, runtime, passwords)


async def _factors(uow: Uow, runtime: RuntimeDep) -> FactorService:
    return FactorService(uow, runtime)


async def _passkeys(uow: Uow, runtime: RuntimeDep) -> PasskeyService:
    return PasskeyService(uow, runtime)


async def _totps(uow: Uow, runtime: RuntimeDep) -> TotpService:
    return TotpService(uow, runtime)


async def _personal_tokens(uow: Uow, runtime: RuntimeDep) -> PersonalTokenService:
    return PersonalTokenService(uow, runtime)


async def _recovery_codes(uow: Uow, runtime: RuntimeDep) -> RecoveryCodeService:
    return RecoveryCodeService(uow, runtime)


async def _roles(uow: Uow) -> RoleService:
    return RoleService(uow)


async def _groups(uow: Uow) -> GroupService:
    return GroupService(uow)


async def _attributes(uow: Uow, runtime: RuntimeDep) -> AttributeService:
    return AttributeService(uow, runtime.resources.declared)


async def _previews(uow: Uow, runtime: RuntimeDep) -> PreviewService:
    return PreviewService(uow, runtime)


async def _clients(uow: Uow, runtime: RuntimeDep) -> OAuthClientService:
    return OAuthClientService(uow, runtime)


async def _protected_hosts(uow: Uow, runtime: RuntimeDep) -> ProtectedHostService:
    return ProtectedHostService(uow, runtime, runtime.gate.hosts)


async def _trusted_issuers(uow: Uow, runtime: RuntimeDep) -> TrustedIssuerService:
    return TrustedIssuerService(uow, runtime)


async def _resources(uow: Uow, runtime: RuntimeDep) -> OAuthResourceService:
    return OAuthResourceService(uow, runtime)


async def _client_registrations(
    uow: Uow, runtime: RuntimeDep
) -> OAuthRegistrationService:
    return OAuthRegistrationService(uow, runtime)


async def _user_claims(uow: Uow, runtime: RuntimeDep) -> UserClaimsService:
    return UserClaimsService(uow, runtime)


async def _pictures(uow: Uow, runtime: RuntimeDep) -> PictureService:
    return PictureService(uow, runtime)


async def _audit_events(uow: Uow) -> AuditEventService:
    return AuditEventService(uow)


async def _why(uow: Uow, runtime: RuntimeDep) -> WhyService:
    return WhyService(uow, runtime.refused_requests)


async def _outbox(uow: Uow) -> OutboxService:
    return OutboxService(uow)


async def _once(
    request: Request, uow: Uow, runtime: RuntimeDep, key: IdempotencyKey = None
) -> Once:
    service = IdempotencyService(uow, runtime.secret_key, runtime.claims)
    return Once(request, service, key)


Devices = Annotated[DeviceService, Depends(_devices)]
Registrations = Annotated[RegistrationService, Depends(_registrations)]
Verifications = Annotated[EmailVerificationService, Depends(_verifications)]
NotMes = Annotated[NotMeService, Depends(_not_mes)]
Resets = Annotated[PasswordResetService, Depends(_resets)]
PasswordChanges = Annotated[PasswordChangeService, Depends(_password_changes)]
BegunAts = Annotated[BegunAtService, Depends(_begun_ats)]
EmailChanges = Annotated[EmailChangeService, Depends(_email_changes)]
EmailCodes = Annotated[EmailCodeService, Depends(_email_codes)]
Sessions = Annotated[SessionService, Depends(_sessions)]
Accounts = Annotated[AccountService, Depends(_accounts)]
TrustedIssuers = Annotated[TrustedIssuerService, Depends(_trusted_issuers)]
Consents = Annotated[OAuthConsentService, Depends(_consents)]
Exports = Annotated[ExportService, Depends(_exports)]
Users = Annotated[UserService, Depends(_users)]
FactorsDep = Annotated[FactorService, Depends(_factors)]
Passkeys = Annotated[PasskeyService, Depends(_passkeys)]
Totps = Annotated[TotpService, Depends(_totps)]
PersonalTokens = Annotated[PersonalTokenService, Depends(_personal_tokens)]
RecoveryCodesDep = Annotated[RecoveryCodeService, Depends(_recovery_codes)]
Roles = Annotated[RoleService, Depends(_roles)]
Groups = Annotated[GroupService, Depends(_groups)]
Attributes = Annotated[AttributeService, Depends(_attributes)]
Previews = Annotated[PreviewService, Depends(_previews)]
Clients = Annotated[OAuthClientService, Depends(_clients)]
ProtectedHosts = Annotated[ProtectedHostService, Depends(_protected_hosts)]
Resources = Annotated[OAuthResourceService, Depends(_resources)]
ClientRegistrations = Annotated[
    OAuthRegistrationService, Depends(_client_registrations)
]
UserClaims = Annotated[UserClaimsService, Depends(_user_claims)]
Pictures = Annotated[PictureService, Depends(_pictures)]
AuditEvents = Annotated[AuditEventService, Depends(_audit_events)]
WhyDep = Annotated[WhyService, Depends(_why)]
Outbox = Annotated[OutboxService, Depends(_outbox)]
OnceDep = Annotated[Once, Depends(_once)]
