"""Every column that holds sealed values; a test demands that none is forgotten."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import true

from app.factors.totp import seal_context as totp_context
from app.models.idempotency_key import IdempotencyKey
from app.models.keys.kept_key import KeptKey
from app.models.outgoing.webhook import Webhook
from app.models.signing_key import SigningKey
from app.models.totp import Totp
from app.models.upstream.connection import Connection
from app.models.upstream.session import UpstreamSession
from app.repositories.keys.sealed_value import SealedColumn
from app.services.outgoing.signing import key_context as webhook_key_context
from app.services.outgoing.signing import seal_context as webhook_context
from app.services.server.idempotency_key import SEALED as _MARKED
from app.services.server.idempotency_key import seal_context as answer_context
from app.services.server.secret_key.kept import seal_context as kept_context
from app.services.server.signing_key import seal_context as signing_key_context
from app.services.sign_in.elsewhere import seal_context as tokens_context
from app.services.upstreams.configuration import seal_context as connection_context


def _same(value: bytes) -> bytes:
    return value


def _of_text(value: str) -> bytes:
    return b64decode(value.removeprefix(_MARKED))


def _as_text(sealed: bytes) -> str:
    return _MARKED + b64encode(sealed).decode()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column, and how its values are sealed.

    Attributes:
        context: What a value is sealed for, from what it is bound to.
        read: Returns the sealed bytes of a stored value.
        written: Returns what is stored for sealed bytes.
    """

    column: SealedColumn
    context: Callable[[Any], str]
    read: Callable[[Any], bytes] = _same
    written: Callable[[bytes], Any] = _same


# What everything else needs comes first: who is stopped half-way has it.
SEALED = (
    Sealed(
        SealedColumn(KeptKey.sealed, KeptKey.name, KeptKey.name, true()), kept_context
    ),
    Sealed(
        SealedColumn(SigningKey.private_key, SigningKey.kid, SigningKey.kid, true()),
        signing_key_context,
    ),
    Sealed(
        SealedColumn(Webhook.secret, Webhook.id, Webhook.id, true()), webhook_context
    ),
    Sealed(
        SealedColumn(
            Webhook.previous_secret,
            *(Webhook.id, Webhook.id),
            Webhook.previous_secret.is_not(None),
        ),
        webhook_context,
    ),
    *(
        Sealed(
            SealedColumn(column, Webhook.id, Webhook.id, column.is_not(None)),
            webhook_key_context,
        )
        for column in (Webhook.signing_key, Webhook.previous_signing_key)
    ),
    Sealed(
        SealedColumn(
            Connection.sealed_secrets,
            *(Connection.id, Connection.id),
            Connection.sealed_secrets.is_not(None),
        ),
        connection_context,
    ),
    Sealed(
        SealedColumn(
            UpstreamSession.sealed_tokens,
            *(UpstreamSession.session_id, UpstreamSession.identity_id),
            UpstreamSession.sealed_tokens.is_not(None),
        ),
        tokens_context,
    ),
    Sealed(
        SealedColumn(
            IdempotencyKey.body,
            *(IdempotencyKey.key_hash, IdempotencyKey.key_hash),
            IdempotencyKey.body.startswith(_MARKED, autoescape=True),
        ),
        answer_context,
        _of_text,
        _as_text,
    ),
    Sealed(
        SealedColumn(Totp.sealed_secret, Totp.id, Totp.user_id, true()), totp_context
    ),
)
