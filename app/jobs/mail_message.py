"""Mails, from what the outbox holds to what the reader sees.

Nothing that a person chose gets into a mail but the address it goes to: names in mails
carry other people's advertising (T062).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from app.config import Settings
from app.core.secret_key import SecretKey
from app.jobs.delivery import Undeliverable, UnknownMessage
from app.models.outbox import OutboxMessage
from app.services.accounts.begun_at import BegunAt
from app.services.one_time.token import Purpose
from app.typed_text import wire_address

if TYPE_CHECKING:
    from email.headerregistry import Address

    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of mail.

    Attributes:
        subject: Fixed text; ``{changed}`` is which factor came or went.
        purpose: Of the one-time token that it carries, if any.
        path: Page that the link opens; it asks for one more click there.
        has_code: Whether the code may be typed somewhere; a code that opens nothing
            is not printed.
    """

    subject: str
    purpose: Purpose | None = None
    path: str | None = None
    has_code: bool = False


TEMPLATES: Mapping[str, Template] = {
    "verify_email": Template(
        "Confirm your email address", Purpose.VERIFY_EMAIL, "/verify-email", True
    ),
    "reset_password": Template(
        "Reset your password", Purpose.RESET_PASSWORD, "/reset-password", True
    ),
    "change_email": Template(
        "Confirm your new email address", Purpose.CHANGE_EMAIL, "/confirm-email", True
    ),
    "invitation": Template(
        "Accept your invitation", Purpose.INVITATION, "/accept-invitation", True
    ),
    "email_code": Template("Your code to sign in", Purpose.EMAIL_CODE, has_code=True),
    "new_sign_in": Template("Somebody signed in to your account"),
    "not_me": Template("Your account was signed out everywhere"),
    "second_step_guessed": Template("Somebody tried to sign in to your account"),
    "registration_repeated": Template("You already have an account"),
    "email_set": Template("This is the address of your account now"),
    "email_changed": Template("Your email address was changed"),
    "email_moved_here": Template("This is the address of your account now"),
    "password_changed": Template("Your password was changed"),
    "account_deleted": Template("Your account was deleted"),
    "administrator_recovered": Template("Your access as administrator was restored"),
    "factor_added": Template("{changed} added to your account"),
    "factor_removed": Template("{changed} removed from your account"),
    "recovery_codes_made": Template("Recovery codes were made for your account"),
    "recovery_code_used": Template("A recovery code of your account was used"),
    "factor_recovery_requested": Template(
        "Your second factors are about to be removed",
        Purpose.FACTOR_RECOVERY_STOP,
        "/stop-recovery",
    ),
    "factor_recovery_link": Template(
        "Remove the second factors of your account",
        Purpose.FACTOR_RECOVERY,
        "/recover-factors",
    ),
    "factors_recovered": Template("The second factors of your account were removed"),
    "mail_test": Template("Mail from this service arrives"),
}


_FORMER = {"second_step_exhausted": "second_step_guessed"}  # in outboxes of before
_FACTORS = {
    "totp": "an authenticator app",
    "passkey": "a passkey",
    "recovery_code": "the recovery codes",
}
_CHANGED = {
    "totp": "An authenticator app was",
    "passkey": "A passkey was",
    "recovery_code": "The recovery codes were",
}


_TOLD = (
    "browser",
    "place",
    "frozen_until",
    "moved_back",
    "was_last",
    "address_taken",
)  # said as the event has them
_NOT_ME = "/not-me"


class Unsendable(Undeliverable):
    """No later try will make a mail of this message."""


class UnknownTemplate(UnknownMessage):
    """Another release promised this mail, and its workers know how to write it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a message of the outbox asks for.

    Attributes:
        subject: Of the mail.
        begun_at: The application that somebody was on the way to, where the mail has
            no token that remembers it.
        factor: What a change of factors was about, in our words.
        left: How many recovery codes there still are.
        at: When it was promised.
        not_me_id: Token of the link that says "this wasn't me", if it has one that
            works.
        not_me_until: How long it works.
        data: What the event keeps; never what somebody typed or chose.
    """

    id: UUID
    name: str
    template: Template
    to: str
    token_id: UUID | None
    expires_at: datetime | None
    subject: str
    begun_at: BegunAt | None = None
    factor: str = ""
    left: int = 0
    at: datetime | None = None
    not_me_id: UUID | None = None
    not_me_until: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, ready to leave."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str


def read_draft(message: OutboxMessage) -> Draft:
    """Read a message of the outbox.

    Raises:
        UnknownTemplate: This release has no such template.
        Unsendable: A part is missing.
    """
    payload: Mapping[str, Any] = message.payload
    name = str(payload.get("template"))
    name = _FORMER.get(name, name)
    template = TEMPLATES.get(name)
    if template is None:
        raise UnknownTemplate(f"unknown template {name}")
    token_id, data = payload.get("token_id"), payload.get("data") or {}
    not_me_id = payload.get("not_me_id")
    if bool(token_id) != (template.purpose is not None) or not payload.get("to"):
        raise Unsendable("the message lacks what its template needs")
    return Draft(
        id=message.id,
        name=name,
        template=template,
        to=_wire_address(str(payload["to"])),
        token_id=UUID(token_id) if token_id else None,
        expires_at=message.expires_at,
        subject=template.subject.format(
            changed=_CHANGED.get(str(data.get("factor")), "A second factor was")
        ),
        begun_at=BegunAt.read_told(data),
        factor=_FACTORS.get(str(data.get("factor")), "a second factor"),
        left=data.get("left", 0),
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


class MailRenderer:
    """Turns drafts into mails; links and codes come into being here."""

    def __init__(self, settings: Settings, secret_key: SecretKey) -> None:
        """Write with these settings, and links under this key."""
        self._settings = settings
        self._secret_key = secret_key

    @cached_property
    def _environment(self) -> "Environment":
        """The templates; an undefined name in one is an error, not a gap."""
        # Here: it is two megabytes until there is a mail to write.
        from jinja2 import (
            Environment,
            FileSystemLoader,
            StrictUndefined,
            select_autoescape,
        )

        return Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates" / "mail"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, draft: Draft, start: str = "") -> Mail:
        """Return the mail in both forms.

        Args:
            draft: What was promised.
            start: Where signing in begins at the application that somebody came from.
        """
        values = {
            "subject": draft.subject,
            "sender": self._settings.smtp.sender_name,
            "site": self._settings.public_url,
            "until": _instant(draft.expires_at),
            "link": self._link(draft),
            "code": self._code(draft),
            "start": start,
            "factor": draft.factor,
            "left": draft.left,
            "not_me": self._not_me(draft),
            "not_me_until": _instant(draft.not_me_until),
            "at": _instant(draft.at),
            **{name: draft.data.get(name, "") for name in _TOLD},
        }
        return Mail(
            id=draft.id,
            to=draft.to,
            subject=draft.subject,
            text=self._environment.get_template(f"{draft.name}.txt").render(values),
            html=self._environment.get_template(f"{draft.name}.html").render(values),
        )

    def _link(self, draft: Draft) -> str | None:
        purpose, path = draft.template.purpose, draft.template.path
        if purpose is None or path is None or draft.token_id is None:
            return None
        token = self._secret_key.one_time_token(purpose, draft.token_id)
        return f"{self._settings.public_url}{path}?token={token}"

    def _not_me(self, draft: Draft) -> str | None:
        if draft.not_me_id is None:
            return None
        token = self._secret_key.one_time_token(Purpose.NOT_ME, draft.not_me_id)
        return f"{self._settings.public_url}{_NOT_ME}?token={token}"

    def _code(self, draft: Draft) -> str | None:
        purpose = draft.template.purpose
        if not draft.template.has_code or purpose is None or draft.token_id is None:
            return None
        return self._secret_key.one_time_code(purpose, draft.token_id)


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
    message["Content-Language"] = "en"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


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


def _instant(instant: datetime | None) -> str | None:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else None
