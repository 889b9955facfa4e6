"""Every table, so that one import gives Alembic the whole schema."""

from app.models.audit_event import AuditEvent
from app.models.base import Base
from app.models.idempotency_key import IdempotencyKey
from app.models.one_time_token import OneTimeToken
from app.models.outbox import OutboxMessage
from app.models.rate_limit import RateLimit
from app.models.role import Role, UserRole
from app.models.session import Session
from app.models.signing_key import SigningKey
from app.models.user import User

__all__ = [
    "AuditEvent",
    "Base",
    "IdempotencyKey",
    "OneTimeToken",
    "OutboxMessage",
    "RateLimit",
    "Role",
    "Session",
    "SigningKey",
    "User",
    "UserRole",
]
