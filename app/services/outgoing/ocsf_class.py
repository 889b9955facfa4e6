"""Which class of OCSF each event is of, and what it says there.

The Open Cybersecurity Schema Framework 1.7, category 3, Identity & Access Management.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

OTHER = 99


class Kind(IntEnum):
    """Classes of the framework by their ``class_uid``."""

    ACCOUNT_CHANGE = 3001
    AUTHENTICATION = 3002
    ENTITY_MANAGEMENT = 3004
    USER_ACCESS = 3005
    GROUP_MANAGEMENT = 3006


class Severity(IntEnum):
    """How much somebody should care; the framework has more."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event is in the words of the framework.

    Attributes:
        activity: ``activity_id`` of the class; 99 is any other, named by the event.
        entity: Of entity management: which member of the event names the thing.
    """

    kind: Kind
    activity: int
    severity: Severity = Severity.INFORMATIONAL
    succeeded: bool = True
    entity: str = ""


def _account(activity: int, severity: Severity = Severity.INFORMATIONAL) -> Meaning:
    return Meaning(Kind.ACCOUNT_CHANGE, activity, severity)


def _signing(activity: int, severity: Severity = Severity.INFORMATIONAL) -> Meaning:
    return Meaning(Kind.AUTHENTICATION, activity, severity)


def _refused(activity: int, severity: Severity = Severity.LOW) -> Meaning:
    return Meaning(Kind.AUTHENTICATION, activity, severity, succeeded=False)


def _entity(
    activity: int, entity: str, severity: Severity = Severity.INFORMATIONAL
) -> Meaning:
    return Meaning(Kind.ENTITY_MANAGEMENT, activity, severity, entity=entity)


def _access(activity: int) -> Meaning:
    return Meaning(Kind.USER_ACCESS, activity)


def _group(activity: int) -> Meaning:
    return Meaning(Kind.GROUP_MANAGEMENT, activity)


# Account Change
_CREATE, _ENABLE, _PASSWORD, _RESET, _DISABLE, _DELETE = 1, 2, 3, 4, 5, 6
_LOCK, _MFA_ON, _MFA_OFF = 9, 10, 11
# Authentication
_LOGON, _LOGOFF, _TICKET, _SERVICE_TICKET, _PREAUTH = 1, 2, 3, 4, 6
# Entity Management
_MADE, _READ, _UPDATED, _GONE, _BEGUN, _DEACTIVATED = 1, 2, 3, 4, 10, 11
_SWITCHED_OFF = 9

_ACCOUNTS: Mapping[str, Meaning] = {
    "device.forgotten": _account(OTHER),
    "device.remembered": _account(OTHER),
    "email.change_collided": _account(OTHER, Severity.LOW),
    "email.change_requested": _account(OTHER),
    "email.changed": _account(OTHER),
    "email.collided": _account(_DISABLE, Severity.MEDIUM),
    "email.moved_here": _account(OTHER),
    "email.set": _account(OTHER),
    "email.verification_requested": _account(OTHER),
    "email.verified": _account(OTHER),
    "factor.added": _account(_MFA_ON),
    "factor.recovered": _account(_MFA_OFF, Severity.MEDIUM),
    "factor.recovery_codes_made": _account(_MFA_ON),
    "factor.recovery_requested": _account(OTHER, Severity.LOW),
    "factor.recovery_scheduled": _account(OTHER, Severity.MEDIUM),
    "factor.recovery_stopped": _account(OTHER),
    "factor.removed": _account(_MFA_OFF, Severity.LOW),
    "password.change_failed": Meaning(
        Kind.ACCOUNT_CHANGE, _PASSWORD, Severity.LOW, succeeded=False
    ),
    "password.changed": _account(_PASSWORD),
    "password.cleared": _account(_PASSWORD, Severity.LOW),
    "password.rehashed": _account(OTHER),
    "password.reset": _account(_RESET),
    "password.reset_demanded": _account(_RESET),
    "password.reset_requested": _account(_RESET),
    "user.created": _account(_CREATE),
    "user.deleted": _account(_DELETE),
    "user.displaced": _account(_DISABLE, Severity.MEDIUM),
    "user.expired": _account(_DELETE),
    "user.exported": _account(OTHER),
    "user.imported": _account(_CREATE),
    "user.invitation_accepted": _account(_ENABLE),
    "user.invited": _account(_CREATE),
    "user.registered": _account(_CREATE),
    "user.registration_repeated": _account(OTHER, Severity.LOW),
    "user.status_changed": _account(OTHER),  # enabled or disabled: see its status
    "user.updated": _account(OTHER),
    "upstream.imported": _account(OTHER, Severity.LOW),
    "upstream.linked": _account(OTHER, Severity.LOW),
    "upstream.returned": _account(OTHER),
    "upstream.unlinked": _account(OTHER),
    "upstream.password_kept": _account(_PASSWORD),
}

_SIGN_INS: Mapping[str, Meaning] = {
    "email_code.requested": _signing(_PREAUTH),
    "factor.recovery_code_used": _signing(_LOGON, Severity.LOW),
    "oauth.access_token_revoked": _signing(OTHER),
    "oauth.authorization_granted": _signing(_SERVICE_TICKET),
    "oauth.authorization_refused": _refused(_SERVICE_TICKET),
    "oauth.code_reused": _refused(_SERVICE_TICKET, Severity.HIGH),
    "oauth.device_approved": _signing(_SERVICE_TICKET),
    "oauth.device_code_refused": _refused(_SERVICE_TICKET),
    "oauth.device_code_reused": _refused(_SERVICE_TICKET, Severity.HIGH),
    "oauth.device_denied": _refused(_SERVICE_TICKET),
    "oauth.grant_ended": _signing(_LOGOFF),
    "oauth.refresh_token_reused": _refused(5, Severity.HIGH),
    "oauth.token_exchanged": _signing(_SERVICE_TICKET),
    "oauth.token_refused": _refused(_SERVICE_TICKET),
    "oauth.workload_acted": _signing(_SERVICE_TICKET),
    "oauth_logout.by_hint": _signing(_LOGOFF),
    "oauth_logout.notice_failed": _refused(_LOGOFF),
    "oauth_logout.refused": _refused(_LOGOFF),
    "one_time_code.refused": _refused(_LOGON),
    "protected_host.entered": _signing(_SERVICE_TICKET),
    "protected_host.left": _signing(_LOGOFF),
    "protected_host.refused": _refused(_SERVICE_TICKET),
    "session.all_revoked": _signing(_LOGOFF),
    "session.refresh_token_reused": _refused(_TICKET, Severity.HIGH),
    "session.revoked": _signing(_LOGOFF),
    "sign_in.elsewhere": _signing(_LOGON, Severity.MEDIUM),
    "sign_in.failed": _refused(_LOGON),
    "sign_in.not_me": _signing(_LOGOFF, Severity.HIGH),
    "sign_in.second_step_demanded": _signing(_PREAUTH),
    "sign_in.second_step_guessed": _refused(_LOGON, Severity.HIGH),
    "sign_in.succeeded": _signing(_LOGON),
    "upstream.logout_refused": _refused(_LOGOFF, Severity.MEDIUM),
    "upstream.refused": _refused(_LOGON),
    "upstream.signed_out": _signing(_LOGOFF),
    "upstream.withdrawn": _signing(_LOGOFF, Severity.LOW),
}

_RIGHTS: Mapping[str, Meaning] = {
    "group.created": _group(6),
    "group.deleted": _group(5),
    "group.member_added": _group(3),
    "group.member_removed": _group(4),
    "group.updated": _group(OTHER),
    "oauth.consent_denied": Meaning(
        Kind.USER_ACCESS, OTHER, Severity.INFORMATIONAL, succeeded=False
    ),
    "oauth.consent_granted": _access(1),
    "oauth.consent_revoked": _access(2),
    "personal_token.created": _access(1),
    "personal_token.revoked": _access(2),
    "personal_token.all_revoked": _access(2),
    "user.roles_changed": _access(OTHER),  # which were added and removed: beside it
}

_THINGS: Mapping[str, Meaning] = {
    "attribute.created": _entity(_MADE, "attribute"),
    "attribute.deleted": _entity(_GONE, "attribute"),
    "attribute.updated": _entity(_UPDATED, "attribute"),
    "audit.exported": _entity(_READ, "audit trail", Severity.LOW),
    "connection.created": _entity(_MADE, "connection", Severity.MEDIUM),
    "connection.deleted": _entity(_GONE, "connection"),
    "connection.domain_added": _entity(_UPDATED, "connection", Severity.LOW),
    "connection.domain_missing": _entity(OTHER, "connection", Severity.MEDIUM),
    "connection.domain_removed": _entity(_UPDATED, "connection", Severity.MEDIUM),
    "connection.domain_verified": _entity(_UPDATED, "connection", Severity.MEDIUM),
    "connection.sync_requested": _entity(OTHER, "connection"),
    "connection.synced": _entity(OTHER, "connection", Severity.LOW),
    "connection.tested": _entity(OTHER, "connection"),
    "connection.updated": _entity(_UPDATED, "connection", Severity.LOW),
    "mail.tested": _entity(OTHER, "mail"),
    "oauth_client.deleted": _entity(_GONE, "client_id"),
    "oauth_client.registered": _entity(_MADE, "client_id"),
    "oauth_client.secret_revoked": _entity(_UPDATED, "client_id"),
    "oauth_client.secret_rotated": _entity(_UPDATED, "client_id"),
    "oauth_client.updated": _entity(_UPDATED, "client_id"),
    "oauth_client.vouched_for": _entity(_BEGUN, "client_id"),
    "oauth_resource.created": _entity(_MADE, "resource"),
    "oauth_resource.deleted": _entity(_GONE, "resource"),
    "oauth_resource.updated": _entity(_UPDATED, "resource"),
    "outbox.given_up": _entity(_DEACTIVATED, "message_id"),
    "outbox.retried": _entity(_BEGUN, "message_id"),
    "protected_host.created": _entity(_MADE, "host"),
    "protected_host.deleted": _entity(_GONE, "host"),
    "protected_host.updated": _entity(_UPDATED, "host"),
    "registration_token.issued": _entity(_MADE, "registration_token"),
    "registration_token.revoked": _entity(_GONE, "registration_token"),
    "role.created": _entity(_MADE, "role"),
    "role.deleted": _entity(_GONE, "role"),
    "role.updated": _entity(_UPDATED, "role"),
    "secret_key.rotation_begun": _entity(OTHER, "secret key", Severity.LOW),
    "secret_key.rotation_ended": _entity(OTHER, "secret key", Severity.LOW),
    "setup.completed": _entity(_BEGUN, "setup"),
    "setup.recovered": _entity(OTHER, "setup", Severity.HIGH),
    "signing_key.created": _entity(_MADE, "kid"),
    "signing_key.withdrawn": _entity(_GONE, "kid", Severity.HIGH),
    "token.epoch_begun": _entity(OTHER, "token epoch", Severity.HIGH),
    "trusted_issuer.created": _entity(_MADE, "trusted_issuer", Severity.LOW),
    "trusted_issuer.deleted": _entity(_GONE, "trusted_issuer"),
    "trusted_issuer.tested": _entity(OTHER, "trusted_issuer"),
    "trusted_issuer.updated": _entity(_UPDATED, "trusted_issuer", Severity.LOW),
    "user.all_exported": _entity(_READ, "users", Severity.LOW),
    "user.changed_together": _entity(_UPDATED, "users"),
    "webhook.created": _entity(_MADE, "webhook_id", Severity.LOW),
    "webhook.deleted": _entity(_GONE, "webhook_id"),
    "webhook.disabled": _entity(_SWITCHED_OFF, "webhook_id", Severity.MEDIUM),
    "webhook.replayed": _entity(OTHER, "webhook_id"),
    "webhook.secret_rotated": _entity(_UPDATED, "webhook_id"),
    "webhook.tested": _entity(OTHER, "webhook_id"),
    "webhook.updated": _entity(_UPDATED, "webhook_id", Severity.LOW),
}

MEANINGS: Mapping[str, Meaning] = {**_ACCOUNTS, **_SIGN_INS, **_RIGHTS, **_THINGS}
UNKNOWN = _entity(OTHER, "event")
"""Of an event that another release wrote, and that this one does not know."""
