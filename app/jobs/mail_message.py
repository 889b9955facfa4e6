"""Mails, from what the outbox holds to what the mail server takes."""

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from app.config import Settings
from app.core.language import ENGLISH, known_language
from app.jobs.delivery import Undeliverable, UnknownMessage
from app.models.outbox import OutboxMessage
from app.services.accounts.begun_at import BegunAt
from app.services.mails.kind import KINDS
from app.services.mails.mail import Draft, Mail
from app.typed_text import wire_address

if TYPE_CHECKING:
    from email.headerregistry import Address

    from app.services.mails.logo import Logo

_FORMER = {"second_step_exhausted": "second_step_guessed"}  # in outboxes of before


class Unsendable(Undeliverable):
    """No later try will make a mail of this message."""


class UnknownTemplate(UnknownMessage):
    """Another release promised this mail, and its workers know how to write it."""


def read_draft(message: OutboxMessage) -> Draft:
    """Read a message of the outbox.

    Raises:
        UnknownTemplate: This release has no such template.
        Unsendable: A part is missing.
    """
    payload: Mapping[str, Any] = message.payload
    name = str(payload.get("template"))
    name = _FORMER.get(name, name)
    kind = KINDS.get(name)
    if kind is None:
        raise UnknownTemplate(f"unknown template {name}")
    token_id, data = payload.get("token_id"), payload.get("data") or {}
    not_me_id = payload.get("not_me_id")
    is_whole = all(each in data for each in kind.told)
    has_token = bool(token_id) == (kind.purpose is not None)
    if not (is_whole and has_token and payload.get("to")):
        raise Unsendable("the message lacks what its template needs")
    return Draft(
        id=message.id,
        name=name,
        kind=kind,
        to=_wire_address(str(payload["to"])),
        token_id=UUID(token_id) if token_id else None,
        expires_at=message.expires_at,
        language=known_language(payload.get("locale"), payload.get("language"))
        or ENGLISH,
        begun_at=BegunAt.read_told(data),
        at=message.created_at,
        not_me_id=UUID(not_me_id) if not_me_id else None,
        data=data,
    )


def _wire_address(address: str) -> str:
    """Return the address with its domain as DNS knows it.

    By IDNA 2008: the older mapping of the standard library turns ``ß`` into ``ss``,
    which is somebody else's domain.

    Raises:
        Unsendable: There can be no such address.
    """
    if address.isascii():
        return address  # judged where it becomes a header
    try:
        return wire_address(address)
    except ValueError as error:
        raise Unsendable("the address cannot be used") from error


def compose(mail: Mail, settings: Settings, now: datetime) -> EmailMessage:
    """Return the message for the wire.

    ``Message-ID`` is the outbox id: when a delivery had to be repeated because its
    answer was lost, mail servers and programs can see that it is the same mail.

    Raises:
        Unsendable: The address does not make a header.
    """
    message = EmailMessage()
    sender = settings.smtp
    try:
        message["From"] = _header(sender.sender_name, wire_address(sender.sender))
        message["To"] = _header("", mail.to)
    except (MessageError, ValueError, IndexError) as error:
        raise Unsendable("the address does not make a header") from error
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.id}@{host_of(settings.public_url)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.logo is not None and mail.logo.address in mail.html:
        _add_logo(message, mail.logo)
    # Last: with a second part, what begins with "Content-" moves into the first.
    message["Content-Language"] = mail.language
    return message


def _add_logo(message: EmailMessage, logo: "Logo") -> None:
    """Let the logo come with the HTML (RFC 2387), and be no file to download."""
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(logo.content, "image", "png", cid=f"<{logo.name}>")


def _header(name: str, address: str) -> "Address":
    """Return an address for a header.

    The parser of ``addr_spec`` is strict, and does not know RFC 6532; what is not ASCII
    was checked before.
    """
    # Here: half a megabyte until there is a mail to write.
    from email.headerregistry import Address

    if address.isascii():
        return Address(name, addr_spec=address)
    local, _, domain = address.rpartition("@")
    return Address(name, username=local, domain=domain)


def host_of(url: str) -> str:
    """Return the host of the public URL."""
    return urlsplit(url).hostname or "localhost"
