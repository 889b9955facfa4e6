"""What happened, in the past tense: the language of audit, outbox and webhooks."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar, dataclass_transform
from uuid import UUID

from app.core.language import language

NOBODY = ""
"""Where a mail goes that is written for its time only: nowhere."""

NOT_DATA = frozenset(
    {"user_id", "actor_id", "to", "locale", "token_id", "expires_at", "not_me_id"}
)


_Declared = TypeVar("_Declared")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(declared: type[_Declared]) -> type[_Declared]:
    """Make a class of fields an event: nobody changes it once it has happened.

    Without comparison and representation, which nobody needs of them: each is code of
    its own for every class, and there are a hundred (docs/architecture.md, memory).
    """
    make = dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
    return make(declared)


@event
class Event:
    """Something that happened to an account or to the service.

    Attributes:
        user_id: Whom it is about.
        actor_id: Who did it; unset, it is the caller of the request.
    """

    name: ClassVar[str]

    user_id: UUID | None = None
    actor_id: UUID | None = None

    def data(self) -> dict[str, Any]:
        """Return what the audit trail keeps beside the ids; never a secret."""
        own = [field.name for field in fields(self) if field.name not in NOT_DATA]
        return {name: _plain(getattr(self, name)) for name in own}


@event
class MailedEvent(Event):
    """An event that somebody is told of by mail.

    Attributes:
        to: Where the mail goes, or :data:`NOBODY`; kept in the outbox only.
        locale: Language of the reader (BCP 47), when it is known.
        token_id: The one-time token whose link and code the mail carries.
        expires_at: When the mail has no use any more.
        not_me_id: The one-time token of the link by which its reader says that it was
            somebody else. Apart from ``token_id``, without which there is no mail.
    """

    template: ClassVar[str]

    to: str
    locale: str | None = None
    token_id: UUID | None = None
    expires_at: datetime | None = None
    not_me_id: UUID | None = None

    def payload(self) -> dict[str, Any]:
        """Return what the mail worker needs; it holds no secret."""
        return {
            "template": self.template,
            "to": self.to,
            "locale": self.locale,
            "language": language(),  # of the request, for who has no locale
            "token_id": str(self.token_id) if self.token_id else None,
            "not_me_id": str(self.not_me_id) if self.not_me_id else None,
            "data": self.data(),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    return value
