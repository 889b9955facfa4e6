"""Handing one mail to the mail server."""

import asyncio
import ipaddress
import socket
import ssl
from email.message import EmailMessage

import aiosmtplib

from app.config import PREFIX
from app.core.circuit_breaker import Breaker, CircuitBreakers
from app.jobs.delivery import Delayed, Undeliverable
from app.services.server.smtp_address import SmtpAddress, describe
from app.setting_groups import SmtpSettings
from app.tracing.span import within
from app.typed_text import wire_address
from app.utils.helpers import printable

_MAX_ANSWER = 200  # characters of what a server answered

# What says that the server, and not this one mail, is at fault. Refusals of a mail
# (greylisting, unknown recipient) leave the circuit as it is.
_SERVER_AT_FAULT = (
    OSError,  # also lost connections, time-outs and TLS: aiosmtplib derives from it
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
)


class MailRefused(Undeliverable):
    """The server will never take this mail (RFC 5321 section 4.2.1, 5yz)."""


class MailDelayed(Delayed):
    """It did not work this time."""


class SmtpSender:
    """Sends mails, one connection each, behind the server's circuit breaker."""

    def __init__(
        self, url: str, settings: SmtpSettings, breakers: CircuitBreakers, ehlo: str
    ) -> None:
        """Prepare.

        Args:
            url: Of the mail server.
            settings: Time limit, CA and sender.
            breakers: Where the server's breaker is kept.
            ehlo: The name that this machine gives as its own.
        """
        self._address = SmtpAddress.parse(
            url,
            has_ca=settings.ca_file is not None,
            is_plain=settings.allow_plaintext,
        )
        self._settings = settings
        self._ehlo = ehlo
        self._sender = wire_address(settings.sender)
        self._breakers = breakers
        encrypted = self._address.implicit_tls or self._address.starttls
        ca_file = settings.ca_file
        self._tls = ssl.create_default_context(cafile=ca_file) if encrypted else None

    @property
    def is_paused(self) -> bool:
        """Tell whether the server is being left alone for a while."""
        return self._breaker().is_refusing

    async def send(self, message: EmailMessage, recipient: str) -> str:
        """Hand one mail over; return what the server answered, cut to one line.

        Raises:
            MailRefused: It will not work later either.
            MailDelayed: Later it may.
            CircuitOpen: The server was not asked.
        """
        longest = self._settings.longest_delivery
        try:
            with within("send a mail", "client"):
                async with self._breaker(), asyncio.timeout(longest):
                    return await self._deliver(message, recipient)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailDelayed(describe(error)) from error

    def _breaker(self) -> Breaker:
        name = f"smtp:{self._address.host}"
        return self._breakers.get(name, expected=_SERVER_AT_FAULT)

    async def _deliver(self, message: EmailMessage, recipient: str) -> str:
        host = self._address.host
        if self._settings.allow_plaintext:
            host = await _private_address(host, self._address.port)
        client = aiosmtplib.SMTP(
            hostname=host,
            port=self._address.port,
            username=self._address.username,
            password=self._address.password,
            local_hostname=self._ehlo,
            timeout=self._settings.timeout,
            use_tls=self._address.implicit_tls,
            start_tls=self._address.starttls,
            tls_context=self._tls,
        )
        try:
            await client.connect()
            answer = await self._hand_over(client, message, recipient)
            await _say_goodbye(client)
            return printable(answer, _MAX_ANSWER)
        finally:
            client.close()

    async def _hand_over(
        self, client: aiosmtplib.SMTP, message: EmailMessage, recipient: str
    ) -> str:
        try:
            _, answer = await client.send_message(
                message, sender=self._sender, recipients=[recipient]
            )
            return answer
        except aiosmtplib.SMTPRecipientsRefused as error:
            if any(refusal.code >= 500 for refusal in error.recipients):
                raise MailRefused(describe(error)) from error
            raise
        except aiosmtplib.SMTPDataError as error:
            if error.code >= 500:
                raise MailRefused(describe(error)) from error
            raise
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise MailRefused(f"the address cannot be used: {error}") from error


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """Take leave; the mail was accepted, whatever happens from here on."""
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        pass


async def _private_address(host: str, port: int) -> str:
    """Return the address that a plain connection goes to: none that leaves the network.

    Raises:
        OSError: One of the name's addresses is public, or there is none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        if not ipaddress.ip_address(address.partition("%")[0]).is_private:
            raise OSError(
                f"{PREFIX}SMTP__ALLOW_PLAINTEXT is for private addresses, and {host} "
                "has a public one"
            )
    return addresses[0]
