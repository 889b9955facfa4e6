"""What a new installation still needs: computed from what is, never from clicks."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.exceptions import NotFound
from app.core.rate_limit import subject_key
from app.repositories.unit_of_work import MAIL, UnitOfWork
from app.services.clients.demo import DEMO_CLIENT
from app.services.process.process import Process
from app.services.server.mail_test import MailTestService

ITEMS = ("public_url", "mail", "client", "second_factor", "backup", "database")
_DISMISSED, _DONE = "dismissed", "done"


class ItemNotFound(NotFound):
    """The checklist has no such item."""

    code = "checklist_item_not_found"
    title = "The checklist has no such item"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do.

    Attributes:
        is_dismissed: Operators decided to do without, in the whole installation.
    """

    name: str
    is_done: bool
    is_dismissed: bool

    @property
    def is_open(self) -> bool:
        """Tell whether it waits for somebody."""
        return not (self.is_done or self.is_dismissed)


class ChecklistService:
    """Reads the list, and keeps what operators said about it."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def items(self, user_id: UUID) -> list[Item]:
        """Return every item, as it is for this administrator, in two statements."""
        facts = await self._uow.checklist.facts(user_id, DEMO_CLIENT, MAIL)
        marks = {(each.item, each.mark) for each in await self._uow.checklist.marks()}
        done = self._done(facts) | {"backup": ("backup", _DONE) in marks}
        return [Item(name, done[name], (name, _DISMISSED) in marks) for name in ITEMS]

    def _done(self, facts: Any) -> dict[str, bool]:
        settings = self._process.settings
        url = settings.public_url
        return {
            "public_url": settings.names_address and url.startswith("https://"),
            "mail": settings.smtp.url is not None and _works(facts),
            "client": bool(facts.has_client),
            "second_factor": bool(facts.has_factor),
            "database": not self._process.database.is_sqlite,
        }

    async def dismiss(self, item: str) -> None:
        """Do without an item.

        Raises:
            ItemNotFound: There is none of this name.
        """
        await self._uow.checklist.put(_known(item), _DISMISSED, self._uow.clock.now())

    async def bring_back(self, item: str) -> None:
        """Show an item again that was dismissed.

        Raises:
            ItemNotFound: There is none of this name.
        """
        await self._uow.checklist.remove(_known(item), _DISMISSED)

    async def note_backup(self) -> None:
        """Note that a backup was made just now."""
        await self._uow.checklist.put("backup", _DONE, self._uow.clock.now())

    async def test_mail(self, user_id: UUID, to: str) -> UUID | None:
        """Send a mail to whoever asks, on the way of all mails; return its id.

        Raises:
            TooManyRequests: They asked too often.
        """
        key = subject_key("mail_test", str(user_id))
        await self._process.limiter.take((self._process.limits.mail_recipient, key))
        return MailTestService(self._uow).ask(to)


def _known(item: str) -> str:
    if item not in ITEMS:
        raise ItemNotFound(hint="no such item")
    return item


def _works(facts: Any) -> bool:
    """Tell whether the last mail that was finished arrived."""
    if facts.delivered_at is None:
        return False
    return facts.failed_at is None or facts.delivered_at > facts.failed_at
