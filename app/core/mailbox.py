"""Mails that were written and not sent: what ``/dev/mailbox`` shows in development."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

KEPT = 100


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail as it would have been sent."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str
    at: datetime


class Mailbox:
    """The last mails of this process, in memory only: they hold live links."""

    def __init__(self) -> None:
        """Start empty."""
        self._mails: deque[KeptMail] = deque(maxlen=KEPT)

    def keep(self, mail: KeptMail) -> None:
        """Add a mail; the oldest one leaves when there are too many."""
        self._mails.appendleft(mail)

    def list(self) -> tuple[KeptMail, ...]:
        """Return the mails, the newest first."""
        return tuple(self._mails)

    def by_id(self, mail_id: UUID) -> KeptMail | None:
        """Return one mail, if it is still kept."""
        return next((mail for mail in self._mails if mail.id == mail_id), None)
