"""What an endpoint is sent: a body made of an event, and its signatures (ADR-0094).

Standard Webhooks 1.0: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.events import EVENTS
from app.models.audit_event import AuditEvent
from app.utils.helpers import encoded_json

SECRET_PREFIX = "whsec_"
ALL = "*"
NAMES = frozenset(kind.name for kind in EVENTS)
# What an event without a user is about, the first that it names.
_SUBJECTS = (
    *("client_id", "group_id", "role", "resource", "host", "trusted_issuer"),
    *("webhook_id", "message_id", "registration_token", "attribute"),
    "connection",
)


def body_of(event: AuditEvent) -> bytes:
    """Return the body: which event, when, and what about whom.

    Of where a request came from nothing is told, and no address of a person but where
    the event itself keeps one among its members.
    """
    return encoded_json(
        {
            "type": event.name,
            "timestamp": event.created_at.isoformat(timespec="milliseconds").replace(
                "+00:00", "Z"
            ),
            "data": {
                "id": str(event.id),
                "user_id": _text(event.user_id),
                "actor_id": _text(event.actor_id),
                "correlation_id": event.correlation_id,
                "details": event.data,
            },
        }
    )


def new_secret(chance: bytes) -> str:
    """Return a secret as the specification writes them; ``chance``: 24 to 64 bytes."""
    return SECRET_PREFIX + b64encode(chance).decode()


def header_fields(
    message_id: UUID,
    now: datetime,
    body: bytes,
    secrets: Iterable[str],
    keys: Iterable[bytes] = (),
) -> Mapping[str, str]:
    """Return what goes with a body.

    Args:
        message_id: The same at each try, and when it is sent once more.
        now: Of this try: receivers refuse what is older than minutes.
        body: Exactly what is sent.
        secrets: Each signs; while one is rotated there are two.
        keys: Private halves; each signs besides.
    """
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = [("v1", hmac.digest(_key(secret), signed, "sha256")) for secret in secrets]
    made += [
        ("v1a", Ed25519PrivateKey.from_private_bytes(k).sign(signed)) for k in keys
    ]
    return {
        "content-type": "application/json",
        "webhook-id": str(message_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"{v},{b64encode(s).decode()}" for v, s in made),
    }


def wanted_names(patterns: Collection[str]) -> frozenset[str] | None:
    """Return the names of the events that are meant, or None for all of them."""
    if ALL in patterns:
        return None
    return frozenset(name for name in NAMES for each in patterns if _fits(name, each))


def is_known(pattern: str) -> bool:
    """Tell whether some event is meant: ``*``, ``user.*`` or a whole name."""
    return pattern == ALL or any(_fits(name, pattern) for name in NAMES)


def subject_of(event: AuditEvent) -> UUID:
    """Return what events have to come in order of: whom or what it is about.

    What is about nothing that has a name is in order with nothing else.
    """
    if event.user_id is not None:
        return event.user_id
    for member in _SUBJECTS:
        value = event.data.get(member)
        if value:
            return uuid5(NAMESPACE_OID, f"{member}:{value}")
    return event.id


def _fits(name: str, pattern: str) -> bool:
    if pattern.endswith(".*"):
        return name.startswith(pattern[:-1])
    return name == pattern


def _key(secret: str) -> bytes:
    return b64decode(secret.removeprefix(SECRET_PREFIX))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
