"""Delivers mails of the outbox to the mail server, or keeps them in development."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.mailbox import KeptMail
from app.events.base import NOBODY, Event
from app.events.outbox import MailTested
from app.jobs.delivery import NotNeeded, Patience
from app.jobs.mail_message import Unsendable, compose, host_of, read_draft
from app.jobs.relay import OutboxJob
from app.models.outbox import OutboxMessage
from app.repositories.unit_of_work import MAIL, UnitOfWork
from app.services.mails.mail import Draft, Mail, MailRenderer
from app.services.oauth.begun_at import BegunAtService
from app.services.one_time.token import Purpose
from app.services.server.mail_test import MailTestService
from app.services.server.runtime import Runtime

if TYPE_CHECKING:
    from app.jobs.smtp import SmtpSender

BATCH = 10  # messages, and connections to the mail server at the same time
FIRST_DELAY, LONGEST_DELAY = 30, 3_600  # seconds
MAX_ATTEMPTS = 12  # about six hours

_log = logging.getLogger("auth_serve.mail")


class MailJob(OutboxJob[Draft]):
    """Relays the mails of the outbox."""

    def __init__(self, runtime: Runtime) -> None:
        """Send to the server of the settings, or keep mails for ``/dev/mailbox``."""
        super().__init__(runtime, MailDelivery(runtime))


class MailDelivery:
    """Mails, one connection to the mail server each."""

    name = "mail"
    batch = BATCH
    patience = Patience(FIRST_DELAY, LONGEST_DELAY, MAX_ATTEMPTS)

    def __init__(self, runtime: Runtime) -> None:
        """Send to the server of the settings, or keep mails for ``/dev/mailbox``."""
        self._runtime = runtime
        self._renderer = MailRenderer(runtime.settings, runtime.secret_key)
        self._sender: SmtpSender | None = None  # until there is a mail to send

    @property
    def kind(self) -> str:
        """The ``kind`` of mails."""
        return MAIL

    @property
    def longest(self) -> float:
        """Seconds for one mail."""
        smtp = self._runtime.settings.smtp
        return 0.0 if smtp.url is None else smtp.longest_delivery

    @property
    def is_paused(self) -> bool:
        """Tell whether the mail server is being left alone."""
        return self._sender is not None and self._sender.is_paused

    async def prepare(self, uow: UnitOfWork, message: OutboxMessage) -> Draft | None:
        """Return what to send; None for a mail that goes nowhere.

        Raises:
            UnknownTemplate: Not of this release.
            Unsendable: Malformed, or too late.
            NotNeeded: Its link was used or replaced since.
        """
        if message.payload.get("to") == NOBODY:
            return None
        now = self._runtime.clock.now()
        if message.expires_at is not None and message.expires_at <= now:
            raise Unsendable("expired")
        draft = read_draft(message)
        purpose = draft.kind.purpose
        if purpose is not None and draft.token_id is not None:
            if await uow.one_time_tokens.peek(draft.token_id, purpose, now) is None:
                raise NotNeeded("superseded")
        if draft.not_me_id is None:
            return draft
        # What happened is told all the same once the link does not work any more.
        peek = uow.one_time_tokens.peek
        link = await peek(draft.not_me_id, Purpose.NOT_ME, now)
        if link is None:
            return replace(draft, not_me_id=None)
        return replace(draft, not_me_until=link.expires_at)

    async def deliver(self, item: Draft) -> None:
        """Send a mail, or keep it.

        Raises:
            Unsendable: The address does not make a header.
            MailRefused: It will not work later either.
            MailDelayed: Later it may.
            CircuitOpen: The server was not asked.
        """
        start = await BegunAtService(self._runtime).start_in_mail(item.begun_at)
        mail = self._renderer.render(item, start)
        sender = self._open()
        if sender is None:
            self._keep(mail)
            return
        now = self._runtime.clock.now()
        message = compose(mail, self._runtime.settings, now)
        answer = await sender.send(message, mail.to)
        _log.info("mail sent", extra={"message_id": str(mail.id), "answer": answer})
        if item.name == MailTested.template:
            async with self._runtime.unit_of_work() as uow:
                await MailTestService(uow).note(item.id, answer)

    def given_up(self, item: Draft, reason: str) -> Event | None:
        """Return None: the outbox shows it, and the trail is no mail log."""
        return None

    def _open(self) -> "SmtpSender | None":
        """Return the way to the mail server; None in development without one."""
        runtime, smtp = self._runtime, self._runtime.settings.smtp
        if self._sender is None and smtp.url is not None:
            # Here: the client of SMTP is a third of a megabyte.
            from app.jobs.smtp import SmtpSender

            self._sender = SmtpSender(
                smtp.url.get_secret_value(),
                smtp,
                runtime.breakers,
                host_of(runtime.settings.public_url),
            )
        return self._sender

    def _keep(self, mail: Mail) -> None:
        """Keep a mail for ``/dev/mailbox``; the log gets its address, not its link."""
        self._runtime.mailbox.keep(
            KeptMail(
                id=mail.id,
                to=mail.to,
                subject=mail.subject,
                text=mail.text,
                html=mail.page,
                at=self._runtime.clock.now(),
            )
        )
        address = f"{self._runtime.settings.public_url}/dev/mailbox/{mail.id}"
        _log.info("mail kept: %s, see %s", mail.subject, address)
