"""Delivers the outbox: at least once, never from inside a request."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.core.circuit_breaker import CircuitOpen
from app.core.mailbox import KeptMail
from app.events.base import NOBODY
from app.jobs.mail_message import (
    Draft,
    Mail,
    MailRenderer,
    UnknownTemplate,
    Unsendable,
    compose,
    host_of,
    read_draft,
)
from app.jobs.smtp import MailDelayed, MailRefused, SmtpSender
from app.models.outbox import OutboxMessage
from app.repositories.unit_of_work import MAIL, UnitOfWork
from app.services.runtime import Runtime
from app.utils.helpers import printable

BATCH = 10  # messages, and connections to the mail server at the same time
LEASE_RESERVE = 30  # seconds between the end of a delivery and the end of its lease
FIRST_DELAY, LONGEST_DELAY = 30, 3_600  # seconds
MAX_ATTEMPTS = 12  # about six hours

_log = logging.getLogger("auth_serve.mail")


class _Superseded(Unsendable):
    """Nobody needs it any more: its link was used or replaced since. Routine."""


@dataclass(frozen=True, slots=True)
class _Claim:
    draft: Draft
    attempts: int
    number: int


class OutboxJob:
    """Claims messages that are due, sends them, and writes down what became of them.

    No connection to the database is held while sending. A worker that dies leaves its
    messages claimed until the lease ends; then somebody else sends them.
    """

    name = "outbox"
    interval = 1.0

    def __init__(self, runtime: Runtime) -> None:
        """Send to the server of the settings, or keep mails for ``/dev/mailbox``."""
        self._runtime = runtime
        self._renderer = MailRenderer(runtime.settings, runtime.secret_key)
        self._sender = _sender(runtime)

    @property
    def lease(self) -> timedelta:
        """How long a claimed message belongs to this worker: 60 s by default."""
        longest = self._sender.longest if self._sender else 0.0
        return timedelta(seconds=longest + LEASE_RESERVE)

    async def run(self) -> bool:
        """Deliver a batch; True when it was a full one."""
        if self._sender is not None and self._sender.is_paused:
            return False  # messages lose no try while the server is left alone
        claimed, claims = await self._claim()
        outcomes = await asyncio.gather(
            *map(self._deliver, claims), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome  # only now: the others are done
        return claimed == BATCH

    async def _claim(self) -> tuple[int, list[_Claim]]:
        """Take due messages; those that nobody needs any more end here."""
        now = self._runtime.clock.now()
        claims = []
        async with self._runtime.unit_of_work() as uow:
            messages = await uow.outbox.claim(
                [MAIL], now=now, lease_until=now + self.lease, limit=BATCH
            )
            for message in messages:
                draft = await self._sendable(uow, message)
                if draft is not None:
                    claims.append(_Claim(draft, message.attempts, message.claims))
        return len(messages), claims

    async def _sendable(self, uow: UnitOfWork, message: OutboxMessage) -> Draft | None:
        """Return what to send, or write down why there is nothing."""
        now, number = self._runtime.clock.now(), message.claims
        if message.payload.get("to") == NOBODY:
            await uow.outbox.mark_delivered(message.id, now)
            return None
        try:
            return await self._checked(uow, message)
        except UnknownTemplate as error:
            _log.warning("mail left: %s", error, extra=_about(message.id))
            until = now + timedelta(seconds=FIRST_DELAY)
            await uow.outbox.leave(message.id, number, until, _reason(error))
        except Unsendable as error:
            level = logging.INFO if isinstance(error, _Superseded) else logging.WARNING
            _log.log(level, "mail not sent: %s", error, extra=_about(message.id))
            await uow.outbox.mark_failed(message.id, number, now, _reason(error))
        return None

    async def _checked(self, uow: UnitOfWork, message: OutboxMessage) -> Draft:
        """Return what to send.

        Raises:
            UnknownTemplate: Not of this release.
            Unsendable: Malformed, too late, or its link was used or replaced since.
        """
        now = self._runtime.clock.now()
        if message.expires_at is not None and message.expires_at <= now:
            raise Unsendable("expired")
        draft = read_draft(message)
        purpose = draft.template.purpose
        if purpose is not None and draft.token_id is not None:
            if await uow.one_time_tokens.peek(draft.token_id, purpose, now) is None:
                raise _Superseded("superseded")
        return draft

    async def _deliver(self, claim: _Claim) -> None:
        try:
            await self._send(self._renderer.render(claim.draft))
        except (MailDelayed, CircuitOpen) as error:
            await self._postpone(claim, error)
        except (MailRefused, Unsendable) as error:
            await self._fail(claim, error)
        else:
            async with self._runtime.unit_of_work() as uow:
                now = self._runtime.clock.now()
                await uow.outbox.mark_delivered(claim.draft.id, now)

    async def _send(self, mail: Mail) -> None:
        if self._sender is None:
            self._keep(mail)
            return
        now = self._runtime.clock.now()
        message = compose(mail, self._runtime.settings, now)
        await self._sender.send(message, mail.to)
        _log.info("mail sent", extra=_about(mail.id))

    def _keep(self, mail: Mail) -> None:
        """Keep a mail for ``/dev/mailbox``; the log gets its address, not its link."""
        self._runtime.mailbox.keep(
            KeptMail(
                id=mail.id,
                to=mail.to,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                at=self._runtime.clock.now(),
            )
        )
        address = f"{self._runtime.settings.public_url}/dev/mailbox/{mail.id}"
        _log.info("mail kept: %s, see %s", mail.subject, address)

    async def _postpone(self, claim: _Claim, error: Exception) -> None:
        if claim.attempts >= MAX_ATTEMPTS:
            await self._fail(claim, error)
            return
        delay = min(FIRST_DELAY * 2 ** (claim.attempts - 1), LONGEST_DELAY)
        _log.warning(
            "mail delayed: %s",
            _reason(error),
            extra=_about(claim.draft.id) | {"attempts": claim.attempts},
        )
        until = self._runtime.clock.now() + timedelta(seconds=delay)
        async with self._runtime.unit_of_work() as uow:
            await uow.outbox.postpone(
                claim.draft.id, claim.number, until, _reason(error)
            )

    async def _fail(self, claim: _Claim, error: Exception) -> None:
        about = _about(claim.draft.id) | {"attempts": claim.attempts}
        _log.error("mail given up: %s", _reason(error), extra=about)
        now = self._runtime.clock.now()
        async with self._runtime.unit_of_work() as uow:
            await uow.outbox.mark_failed(
                claim.draft.id, claim.number, now, _reason(error)
            )


def _sender(runtime: Runtime) -> SmtpSender | None:
    smtp = runtime.settings.smtp
    if smtp.url is None:
        return None  # in development; production demands a server
    return SmtpSender(
        smtp.url.get_secret_value(),
        smtp,
        runtime.breakers,
        host_of(runtime.settings.public_url),
    )


def _reason(error: Exception) -> str:
    return printable(str(error), 500)


def _about(message_id: UUID) -> dict[str, str | int]:
    return {"message_id": str(message_id)}
