"""Every table, so that one import gives Alembic the whole schema."""

from app.models.access.answered_request import AnsweredRequest
from app.models.access.attribute import Attribute, UserAttribute
from app.models.access.group import Group, GroupMember, GroupRole
from app.models.access.personal_token import PersonalToken
from app.models.access.refused_request import RefusedRequest
from app.models.audit_event import AuditEvent
from app.models.base import Base
from app.models.checklist_mark import ChecklistMark
from app.models.device import Device
from app.models.idempotency_key import IdempotencyKey
from app.models.keys.kept_key import KeptKey, SealingKey, SealingProcess
from app.models.oauth.client import OAuthClient, OAuthClientSecret
from app.models.oauth.consent import OAuthConsent
from app.models.oauth.device_code import DeviceCode
from app.models.oauth.grant import OAuthGrant
from app.models.oauth.jti import OAuthAssertion, OAuthRevokedToken
from app.models.oauth.protected_host import ProtectedHost
from app.models.oauth.resource import OAuthResource
from app.models.oauth.trusted_issuer import TrustedIssuer
from app.models.one_time_token import OneTimeToken
from app.models.outbox import OutboxMessage
from app.models.outgoing.webhook import Webhook, WebhookDelivery
from app.models.passkey import Passkey
from app.models.rate_limit import RateLimit
from app.models.recovery_code import RecoveryCode
from app.models.role import Role, UserRole
from app.models.served_address import ServedAddress
from app.models.session import Session
from app.models.signing_key import SigningKey
from app.models.statistics import HourlyStatistics
from app.models.token_epoch import TokenEpoch
from app.models.totp import Totp
from app.models.upstream.connection import Connection, UpstreamIdentity
from app.models.upstream.realm_domain import RealmDomain
from app.models.upstream.session import UpstreamLogout, UpstreamSession
from app.models.upstream.sync import ConnectionSync, UpstreamEntry
from app.models.user import User
from app.models.user_claims import UserClaims
from app.models.user_picture import UserPicture

__all__ = [
    "AnsweredRequest",
    "Attribute",
    "AuditEvent",
    "Base",
    "ChecklistMark",
    "Connection",
    "ConnectionSync",
    "Device",
    "DeviceCode",
    "Group",
    "GroupMember",
    "GroupRole",
    "HourlyStatistics",
    "IdempotencyKey",
    "KeptKey",
    "OAuthAssertion",
    "OAuthClient",
    "OAuthClientSecret",
    "OAuthConsent",
    "OAuthGrant",
    "OAuthResource",
    "OAuthRevokedToken",
    "OneTimeToken",
    "OutboxMessage",
    "Passkey",
    "PersonalToken",
    "ProtectedHost",
    "RateLimit",
    "RecoveryCode",
    "RealmDomain",
    "RefusedRequest",
    "Role",
    "SealingKey",
    "SealingProcess",
    "ServedAddress",
    "Session",
    "SigningKey",
    "TokenEpoch",
    "Totp",
    "TrustedIssuer",
    "UpstreamEntry",
    "UpstreamIdentity",
    "UpstreamLogout",
    "UpstreamSession",
    "User",
    "UserAttribute",
    "UserClaims",
    "UserPicture",
    "UserRole",
    "Webhook",
    "WebhookDelivery",
]
