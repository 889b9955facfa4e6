"""Every kind of event, the explicit list that docs/events.md is generated from."""

from app.events.authorization import (
    AuthorizationGranted,
    AuthorizationRefused,
    ConsentDenied,
    ConsentGranted,
    ConsentRevoked,
)
from app.events.base import Event, MailedEvent
from app.events.client import (
    OAuthClientDeleted,
    OAuthClientRegistered,
    OAuthClientSecretRevoked,
    OAuthClientSecretRotated,
    OAuthClientUpdated,
    OAuthClientVouchedFor,
    RegistrationTokenIssued,
    RegistrationTokenRevoked,
)
from app.events.device import DeviceForgotten, DeviceRemembered
from app.events.email import (
    EmailChangeCollided,
    EmailChanged,
    EmailChangeRequested,
    EmailCollided,
    EmailSet,
    EmailVerificationRequested,
    EmailVerified,
)
from app.events.factor import (
    FactorAdded,
    FactorRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
)
from app.events.grant import (
    AccessTokenRevoked,
    CodeReused,
    GrantEnded,
    GrantTokenReused,
    TokenRequestRefused,
)
from app.events.logout import LogoutByHint, LogoutNoticeFailed, LogoutRefused
from app.events.one_time_token import CodeRefused
from app.events.outbox import MailTested, OutboxMessageRetried
from app.events.password import (
    PasswordChanged,
    PasswordChangeFailed,
    PasswordCleared,
    PasswordRehashed,
    PasswordReset,
    PasswordResetDemanded,
    PasswordResetRequested,
)
from app.events.role import RoleCreated, RoleDeleted, RoleUpdated
from app.events.session import RefreshTokenReused, SessionRevoked, SessionsRevoked
from app.events.sign_in import (
    EmailCodeRequested,
    Refusal,
    SecondStepDemanded,
    SecondStepExhausted,
    SignedIn,
    SignInFailed,
)
from app.events.signing_key import SigningKeyCreated
from app.events.token_epoch import TokenEpochBegun
from app.events.user import (
    AdministratorRecovered,
    InvitationAccepted,
    RegistrationRepeated,
    SetupCompleted,
    UserCreated,
    UserDeleted,
    UserDisplaced,
    UserExpired,
    UserExported,
    UserImported,
    UserInvited,
    UserRegistered,
    UserRolesChanged,
    UserStatusChanged,
    UserUpdated,
)

EVENTS: tuple[type[Event], ...] = (
    OAuthClientVouchedFor,
    DeviceRemembered,
    DeviceForgotten,
    SecondStepDemanded,
    SecondStepExhausted,
    PasswordCleared,
    CodeRefused,
    AccessTokenRevoked,
    AdministratorRecovered,
    AuthorizationGranted,
    AuthorizationRefused,
    CodeReused,
    ConsentDenied,
    ConsentGranted,
    ConsentRevoked,
    EmailChangeCollided,
    EmailChangeRequested,
    EmailChanged,
    EmailCollided,
    EmailSet,
    EmailCodeRequested,
    EmailVerificationRequested,
    EmailVerified,
    FactorAdded,
    FactorRemoved,
    GrantEnded,
    GrantTokenReused,
    InvitationAccepted,
    OAuthClientDeleted,
    OAuthClientRegistered,
    OAuthClientSecretRevoked,
    OAuthClientSecretRotated,
    OAuthClientUpdated,
    LogoutByHint,
    LogoutNoticeFailed,
    LogoutRefused,
    MailTested,
    OutboxMessageRetried,
    PasswordChangeFailed,
    PasswordChanged,
    PasswordRehashed,
    PasswordReset,
    PasswordResetDemanded,
    PasswordResetRequested,
    RecoveryCodeUsed,
    RecoveryCodesMade,
    RefreshTokenReused,
    RegistrationRepeated,
    RegistrationTokenIssued,
    RegistrationTokenRevoked,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
    SessionRevoked,
    SessionsRevoked,
    SetupCompleted,
    SignInFailed,
    SignedIn,
    SigningKeyCreated,
    TokenEpochBegun,
    TokenRequestRefused,
    UserCreated,
    UserDeleted,
    UserDisplaced,
    UserExpired,
    UserExported,
    UserImported,
    UserInvited,
    UserRegistered,
    UserRolesChanged,
    UserStatusChanged,
    UserUpdated,
)

__all__ = ["EVENTS", "Event", "MailedEvent", "Refusal"]
