"""One transaction: the repositories that share it, and the evidence it leaves."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import event as sql_event
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.context import current
from app.core.randomness import Randomness
from app.events.base import Event, MailedEvent
from app.models.audit_event import AuditEvent
from app.models.outbox import OutboxMessage
from app.repositories.access.answered_request import AnsweredRequestRepository
from app.repositories.access.attribute import AttributeRepository
from app.repositories.access.group import GroupRepository
from app.repositories.access.personal_token import PersonalTokenRepository
from app.repositories.access.refused_request import RefusedRequestRepository
from app.repositories.audit_event import AuditEventRepository
from app.repositories.device import DeviceRepository
from app.repositories.idempotency_key import IdempotencyKeyRepository
from app.repositories.keys.kept_key import KeptKeyRepository
from app.repositories.keys.sealing_process import SealingProcessRepository
from app.repositories.oauth.client import OAuthClientRepository
from app.repositories.oauth.consent import OAuthConsentRepository
from app.repositories.oauth.device_code import DeviceCodeRepository
from app.repositories.oauth.grant import OAuthGrantRepository
from app.repositories.oauth.jti import OAuthUsedRepository
from app.repositories.oauth.protected_host import ProtectedHostRepository
from app.repositories.oauth.resource import OAuthResourceRepository
from app.repositories.oauth.trusted_issuer import TrustedIssuerRepository
from app.repositories.one_time_token import OneTimeTokenRepository
from app.repositories.outbox import OutboxRepository
from app.repositories.outgoing.webhook import (
    WebhookDeliveryRepository,
    WebhookRepository,
)
from app.repositories.passkey import PasskeyRepository
from app.repositories.recovery_code import RecoveryCodeRepository
from app.repositories.role import RoleRepository
from app.repositories.served_address import ServedAddressRepository
from app.repositories.session import SessionRepository
from app.repositories.signing_key import SigningKeyRepository
from app.repositories.statements.checklist import ChecklistRepository
from app.repositories.statements.user_directory import UserDirectory
from app.repositories.token_epoch import TokenEpochRepository
from app.repositories.totp import TotpRepository
from app.repositories.upstream.connection import (
    ConnectionRepository,
    UpstreamIdentityRepository,
)
from app.repositories.upstream.realm_domain import RealmDomainRepository
from app.repositories.upstream.session import (
    UpstreamLogoutRepository,
    UpstreamSessionRepository,
)
from app.repositories.upstream.sync import (
    ConnectionSyncRepository,
    UpstreamEntryRepository,
)
from app.repositories.user import UserRepository
from app.repositories.user_claims import UserClaimsRepository
from app.repositories.user_picture import UserPictureRepository
from app.tracing.span import traceparent

MAIL = "mail"
BACKCHANNEL_LOGOUT = "backchannel_logout"


class UnitOfWork:
    """Joins repositories to one transaction; the caller's session commits it."""

    def __init__(self, db: AsyncSession, clock: Clock, randomness: Randomness) -> None:
        """Work in the transaction of this session."""
        self.db = db
        self.clock = clock
        self.randomness = randomness
        self.began_at = clock.now()  # no later than anything that is done here

    @cached_property
    def users(self) -> UserRepository:
        """Accounts and their roles."""
        return UserRepository(self.db)

    @cached_property
    def user_directory(self) -> UserDirectory:
        """Accounts as operators look at them."""
        return UserDirectory(self.db)

    @cached_property
    def roles(self) -> RoleRepository:
        """Roles."""
        return RoleRepository(self.db)

    @cached_property
    def groups(self) -> GroupRepository:
        """Groups of people."""
        return GroupRepository(self.db)

    @cached_property
    def attributes(self) -> AttributeRepository:
        """What operators want to know of people besides."""
        return AttributeRepository(self.db)

    @cached_property
    def sessions(self) -> SessionRepository:
        """Sign-ins."""
        return SessionRepository(self.db)

    @cached_property
    def one_time_tokens(self) -> OneTimeTokenRepository:
        """What works once."""
        return OneTimeTokenRepository(self.db)

    @cached_property
    def passkeys(self) -> PasskeyRepository:
        """Passkeys."""
        return PasskeyRepository(self.db)

    @cached_property
    def totps(self) -> TotpRepository:
        """Authenticator applications."""
        return TotpRepository(self.db)

    @cached_property
    def recovery_codes(self) -> RecoveryCodeRepository:
        """Codes for whoever lost the other factors."""
        return RecoveryCodeRepository(self.db)

    @cached_property
    def personal_tokens(self) -> PersonalTokenRepository:
        """Tokens that people made for scripts."""
        return PersonalTokenRepository(self.db)

    @cached_property
    def devices(self) -> DeviceRepository:
        """Browsers that need no second step for a while."""
        return DeviceRepository(self.db)

    @cached_property
    def signing_keys(self) -> SigningKeyRepository:
        """Keys that sign tokens."""
        return SigningKeyRepository(self.db)

    @cached_property
    def kept_keys(self) -> KeptKeyRepository:
        """Keys that outlive a secret key."""
        return KeptKeyRepository(self.db)

    @cached_property
    def sealing_processes(self) -> SealingProcessRepository:
        """Who seals with which secret key."""
        return SealingProcessRepository(self.db)

    @cached_property
    def audit_events(self) -> AuditEventRepository:
        """Evidence."""
        return AuditEventRepository(self.db)

    @cached_property
    def refused_requests(self) -> RefusedRequestRepository:
        """Why requests were refused."""
        return RefusedRequestRepository(self.db)

    @cached_property
    def answered_requests(self) -> AnsweredRequestRepository:
        """Why requests were allowed."""
        return AnsweredRequestRepository(self.db)

    @cached_property
    def outbox(self) -> OutboxRepository:
        """Promises to the outside."""
        return OutboxRepository(self.db)

    @cached_property
    def webhooks(self) -> WebhookRepository:
        """Endpoints of others that are told of events."""
        return WebhookRepository(self.db)

    @cached_property
    def webhook_deliveries(self) -> WebhookDeliveryRepository:
        """What is sent to them."""
        return WebhookDeliveryRepository(self.db)

    @cached_property
    def checklist(self) -> ChecklistRepository:
        """What a new installation still needs."""
        return ChecklistRepository(self.db)

    @cached_property
    def oauth_clients(self) -> OAuthClientRepository:
        """Applications."""
        return OAuthClientRepository(self.db)

    @cached_property
    def oauth_grants(self) -> OAuthGrantRepository:
        """What applications were granted."""
        return OAuthGrantRepository(self.db)

    @cached_property
    def device_codes(self) -> DeviceCodeRepository:
        """Devices that ask to be let in."""
        return DeviceCodeRepository(self.db)

    @cached_property
    def oauth_used(self) -> OAuthUsedRepository:
        """What must not be taken again."""
        return OAuthUsedRepository(self.db)

    @cached_property
    def oauth_consents(self) -> OAuthConsentRepository:
        """What people agreed to."""
        return OAuthConsentRepository(self.db)

    @cached_property
    def oauth_resources(self) -> OAuthResourceRepository:
        """APIs that tokens are asked for by name."""
        return OAuthResourceRepository(self.db)

    @cached_property
    def protected_hosts(self) -> ProtectedHostRepository:
        """Hosts whose proxy asks here."""
        return ProtectedHostRepository(self.db)

    @cached_property
    def trusted_issuers(self) -> TrustedIssuerRepository:
        """Issuers whose tokens of workloads are believed."""
        return TrustedIssuerRepository(self.db)

    @cached_property
    def connections(self) -> ConnectionRepository:
        """Where people may come from who are known elsewhere."""
        return ConnectionRepository(self.db)

    @cached_property
    def upstream_identities(self) -> UpstreamIdentityRepository:
        """Who is known elsewhere as whom."""
        return UpstreamIdentityRepository(self.db)

    @cached_property
    def upstream_sessions(self) -> UpstreamSessionRepository:
        """Sessions that began elsewhere."""
        return UpstreamSessionRepository(self.db)

    @cached_property
    def upstream_logouts(self) -> UpstreamLogoutRepository:
        """Sign-outs that were told from elsewhere."""
        return UpstreamLogoutRepository(self.db)

    @cached_property
    def upstream_entries(self) -> UpstreamEntryRepository:
        """What was seen of people in directories."""
        return UpstreamEntryRepository(self.db)

    @cached_property
    def connection_syncs(self) -> ConnectionSyncRepository:
        """Directories that are read as a whole."""
        return ConnectionSyncRepository(self.db)

    @cached_property
    def realm_domains(self) -> RealmDomainRepository:
        """Domains whose people a connection leads."""
        return RealmDomainRepository(self.db)

    @cached_property
    def user_claims(self) -> UserClaimsRepository:
        """Claims about people that no account column holds."""
        return UserClaimsRepository(self.db)

    @cached_property
    def user_pictures(self) -> UserPictureRepository:
        """Pictures of people."""
        return UserPictureRepository(self.db)

    @cached_property
    def served_addresses(self) -> ServedAddressRepository:
        """Where the service was last served, in development."""
        return ServedAddressRepository(self.db)

    @cached_property
    def token_epochs(self) -> TokenEpochRepository:
        """Ends of everything that was issued."""
        return TokenEpochRepository(self.db)

    @cached_property
    def idempotency_keys(self) -> IdempotencyKeyRepository:
        """Answers that are given again."""
        return IdempotencyKeyRepository(self.db)

    def record(
        self,
        event: Event,
        *,
        available_at: datetime | None = None,
        event_id: UUID | None = None,
    ) -> UUID | None:
        """Write the audit row of an event, and the mail it causes, with the change.

        Args:
            event: What happened.
            available_at: When its mail leaves, if not at once.
            event_id: Its id, for who needs to know it.

        Returns:
            The id of the mail, if there is one.
        """
        now = self.clock.now()
        self.db.add(
            AuditEvent(**evidence(event, event_id or self.randomness.uuid7(), now))
        )
        if not isinstance(event, MailedEvent):
            return None
        return self.promise(
            MAIL,
            event.payload(),
            available_at=available_at,
            expires_at=event.expires_at,
        )

    def promise(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> UUID:
        """Write a message for the worker to deliver; it comes with the change or not.

        Args:
            kind: Which of the worker's deliveries it is for.
            payload: What that needs; it holds no secret.
            available_at: When to deliver it, if not at once.
            expires_at: When delivering it has no use any more.

        Returns:
            The id of the message.
        """
        now = self.clock.now()
        message_id = self.randomness.uuid7()
        self.db.add(
            OutboxMessage(
                id=message_id,
                kind=kind,
                payload=payload,
                created_at=now,
                available_at=available_at or now,
                expires_at=expires_at,
                attempts=0,
                claims=0,
                traceparent=traceparent(),
            )
        )
        return message_id

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once the change is there for all to see, if it ever is.

        For caches of this process: emptied any sooner, they could be filled again with
        what is about to change.
        """
        sql_event.listen(
            self.db.sync_session, "after_commit", lambda _session: action(), once=True
        )

    async def commit(self) -> None:
        """Commit before a refusal that must be remembered (ADR-0004).

        Everything else is committed by ``get_db`` when the request has succeeded.
        """
        await self.db.commit()


def evidence(event: Event, event_id: UUID, now: datetime) -> dict[str, Any]:
    """Return every column of an event's audit row, with the facts of the request."""
    context = current()
    data = event.data()
    said = data.get("method") or data.get("reason") or ""
    context.happened = context.happened or []
    context.happened.append((event.name, str(said)))
    return {
        "id": event_id,
        "name": event.name,
        "user_id": event.user_id,
        "actor_id": event.actor_id or context.user_id,
        "correlation_id": context.correlation_id,
        "ip": context.ip,
        "user_agent": context.user_agent,
        "data": data | _means(context.token_id),
        "created_at": now,
    }


def _means(token_id: UUID | None) -> dict[str, str]:
    """Return what tells a script of somebody from themselves, where it was one."""
    return {} if token_id is None else {"by_personal_token": str(token_id)}
