"""Sign-ins from where an account was not signed in before: its owner is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.events.sign_in import SignedInElsewhere
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.not_me_link import SIGN_IN, not_me_link
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.services.sign_in.known_device import KnownDeviceService
from app.services.sign_in.origin import browser_of, masked
from app.services.sign_in.place import Places
from app.typed_text import canonical_email
from app.utils.helpers import network_of

MOST = 10  # mails for an account in a day; whoever gets more reads none of them
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where something signed in: not always where the request comes from."""

    ip: str
    user_agent: str

    @property
    def network(self) -> str:
        """The unit by which accounts know places."""
        return network_of(self.ip)


class NewSignInService:
    """Tells owners of sign-ins at neither a known device nor a known network."""

    def __init__(self, process: Process) -> None:
        """Decide without any storage; tell in the caller's transaction."""
        self._process = process
        self._devices = KnownDeviceService(process)
        self._places = Places(process.settings.session.geoip_file)

    def is_new(self, account: Any, is_known_network: bool) -> bool:
        """Tell whether a sign-in of this moment is one to tell of.

        Args:
            account: As it was before: with ``email``, ``email_verified``,
                ``password_changed_at`` and ``last_sign_in_at``.
            is_known_network: Whether it signed in from this network before.
        """
        if is_known_network or account.last_sign_in_at is None:
            return False
        if not account.email_verified:
            return False  # whoever reads the mailbox is perhaps somebody else
        device = self._devices.shown(canonical_email(account.email))
        return device is None or not self._devices.is_of(device, account)

    async def tell(
        self,
        uow: UnitOfWork,
        user: User,
        session_id: UUID,
        began_at: datetime | None = None,
        *,
        seen: Seen | None = None,
    ) -> None:
        """Have a mail sent with a link to say that it was somebody else.

        Args:
            uow: The transaction in which the session begins.
            user: Whose, locked: of any number at once each is counted.
            session_id: Which session.
            began_at: When the sign-in began, if that was before the transaction.
            seen: Where, if that is not where the request comes from.
        """
        day_ago = uow.clock.now() - _DAY
        tokens = uow.one_time_tokens
        if await tokens.count_about(user.id, Purpose.NOT_ME, SIGN_IN, day_ago) >= MOST:
            return
        if seen is None:
            seen = Seen(current().ip, current().user_agent)
        link = not_me_link(uow, self._process, user, about=SIGN_IN, since=began_at)
        place = self._places.of(seen.ip)
        uow.record(
            SignedInElsewhere(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                session_id=session_id,
                browser=browser_of(seen.user_agent),
                place=place or masked(seen.ip),
                not_me_id=link,
            )
        )
