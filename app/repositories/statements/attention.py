"""SQL for what needs an operator: all of it in one statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.oauth.client import OAuthClient
from app.models.outbox import OutboxMessage
from app.models.outgoing.webhook import Webhook
from app.models.passkey import Passkey
from app.models.totp import Totp
from app.models.user import User
from app.repositories.oauth.client import is_forsaken
from app.repositories.statements.held_roles import holders_of


@dataclass(frozen=True, slots=True)
class Counted:
    """How much needs somebody.

    Attributes:
        failed: Messages that were given up.
        late: Messages that wait for longer than they should.
        unprotected: Administrators who sign in with one factor.
        webhooks: Those that fail for a while, or were switched off because of it.
        forsaken: Clients that run, and whose owner is disabled or gone.
    """

    failed: int
    late: int
    unprotected: int
    webhooks: int
    forsaken: int


async def count(db: AsyncSession, role: str, late_before: datetime) -> Counted:
    """Return the numbers.

    Args:
        db: The transaction.
        role: Whose holders should have a second factor.
        late_before: What was due before it and still waits is late.
    """
    messages = select(func.count()).select_from(OutboxMessage)
    failed = messages.where(OutboxMessage.failed_at.is_not(None))
    late = messages.where(
        OutboxMessage.delivered_at.is_(None),
        OutboxMessage.failed_at.is_(None),
        OutboxMessage.created_at < late_before,
        (OutboxMessage.available_at < late_before) | (OutboxMessage.attempts > 1),
    )
    holders = (
        select(func.count())
        .select_from(User)
        .where(
            User.id.in_(holders_of(role)),
            User.status == "active",
            ~select(Totp.id).where(Totp.user_id == User.id).exists(),
            ~select(Passkey.id).where(Passkey.user_id == User.id).exists(),
        )
    )
    webhooks = (
        select(func.count())
        .select_from(Webhook)
        .where(
            (Webhook.failing_since < late_before)
            | Webhook.disabled_reason.in_(("failing", "gone"))
        )
    )
    forsaken = select(func.count()).select_from(OAuthClient).where(is_forsaken())
    asked = failed, late, holders, webhooks, forsaken
    columns = [each.scalar_subquery() for each in asked]
    row = (await db.execute(select(*columns))).one()
    return Counted(*row)
