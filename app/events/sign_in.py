"""Signing in."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent, event


class Refusal(StrEnum):
    """Why a sign-in was refused; for the trail, never for the answer."""

    UNKNOWN_ACCOUNT = "unknown_account"
    NO_PASSWORD = "no_password"
    WRONG_PASSWORD = "wrong_password"
    WRONG_CODE = "wrong_code"
    WRONG_PASSKEY = "wrong_passkey"
    WRONG_SECOND_FACTOR = "wrong_second_factor"
    DISABLED = "disabled"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    PASSWORD_RESET_REQUIRED = "password_reset_required"
    CHANGED_MEANWHILE = "changed_meanwhile"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    CONNECTION_LEADS = "connection_leads"


@event
class SignedIn(Event):
    """Somebody proved to be the owner of the account."""

    name: ClassVar[str] = "sign_in.succeeded"

    session_id: UUID
    method: str


@event
class SignInFailed(Event):
    """A first factor was refused. The identifier is not kept: it may be a password."""

    name: ClassVar[str] = "sign_in.failed"

    reason: Refusal


@event
class SecondStepDemanded(Event):
    """The first factor was right, and a second one has to be proven."""

    name: ClassVar[str] = "sign_in.second_step_demanded"

    method: str


@event
class SecondStepGuessed(MailedEvent):
    """Somebody who knows the first factor goes on guessing at the second one."""

    name: ClassVar[str] = "sign_in.second_step_guessed"
    template: ClassVar[str] = "second_step_guessed"


@event
class SignedInElsewhere(MailedEvent):
    """A sign-in from neither a known device nor a known network; its owner is told."""

    name: ClassVar[str] = "sign_in.elsewhere"
    template: ClassVar[str] = "new_sign_in"

    session_id: UUID
    browser: str  # in our words, and never those of the browser
    place: str


@event
class NotMeSaid(MailedEvent):
    """Somebody said with a link from a mail that it was not them; all is ended."""

    name: ClassVar[str] = "sign_in.not_me"
    template: ClassVar[str] = "not_me"

    about: str
    factors: tuple[str, ...]  # taken away, as they came since
    moved_back: bool  # to the address that the link went to
    address_taken: bool  # the link went to one that has another account by now
    frozen_until: str


@event
class EmailCodeRequested(MailedEvent):
    """A code that signs in was asked for."""

    name: ClassVar[str] = "email_code.requested"
    template: ClassVar[str] = "email_code"
