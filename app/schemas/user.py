"""Bodies of ``/api/v1/users``."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool, model_validator

from app.schemas.attribute import AttributeValues
from app.schemas.base import (
    Code,
    Email,
    Input,
    Instant,
    MailedToken,
    NamedClient,
    Output,
    Password,
    ShownText,
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
MAX_CODES = 20  # of recovery, for one account
MAX_PASSKEYS = 20  # of one account
MAX_GROUPS = 500  # that an import puts somebody into
ROLE_NAME = r"^[a-z][a-z0-9_-]{0,62}$"
# Applications compare it, put it into HTTP fields, and join several by commas.
GROUP_NAME = r"^[A-Za-z0-9/][A-Za-z0-9._:/@+-]{0,127}$"


def _picture(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or not value.isprintable():
        raise ValueError("must be an https URL")
    return value


def _locale(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a language tag (BCP 47), for example en-GB")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a name of the time zone database")
    return value


Picture = Annotated[str, Field(max_length=2_048), AfterValidator(_picture)]
Locale = Annotated[str, Field(max_length=35), AfterValidator(_locale)]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
RoleName = Annotated[str, Field(pattern=ROLE_NAME)]
GroupName = Annotated[str, Field(pattern=GROUP_NAME)]
Status = Literal["active", "disabled"]


class User(Output):
    """An account as the API shows it."""

    id: UUID
    email: str
    email_verified: bool
    name: str | None
    given_name: str | None
    family_name: str | None
    picture: str | None
    locale: str | None
    zoneinfo: str | None
    status: Status
    roles: list[str]
    created_at: Instant
    updated_at: Instant
    last_sign_in_at: Instant | None


class ProfileChange(Input):
    """Profile fields to change; null empties one, an absent one stays.

    So it is with ``attributes``, by name: those that the operator defined.
    """

    name: ShownText | None = None
    given_name: ShownText | None = None
    family_name: ShownText | None = None
    picture: Picture | None = None
    locale: Locale | None = None
    zoneinfo: Zone | None = None
    attributes: AttributeValues = {}


class UserChange(ProfileChange):
    """What administrators may change besides the profile.

    With ``email``, ``email_verified`` says whether the new address is known to be the
    person's; without it the address gets a mail to confirm. Both addresses are told.
    ``client_id`` names the application that the link of that mail leads back to.
    """

    email: Email | None = None
    email_verified: StrictBool | None = None
    status: Status = "active"
    roles: Annotated[list[RoleName], Field(max_length=50)] = []
    client_id: NamedClient | None = None


class UserCreate(Input):
    """A new account; without a password its owner is invited by mail.

    ``client_id`` names the application that the link of the mail leads back to.
    """

    email: Email
    name: ShownText | None = None
    password: Password | None = None
    email_verified: StrictBool = False
    roles: Annotated[list[RoleName], Field(max_length=50)] | None = None
    attributes: AttributeValues = {}
    client_id: NamedClient | None = None


class PasswordResetStart(Input):
    """The application that the link of the mail leads back to.

    Where it is ``required``, no password or other factor signs in before the reset.
    """

    client_id: NamedClient | None = None
    required: StrictBool = False


class EmailChange(Input):
    """The address that the account shall move to.

    ``client_id`` names the application that the link of the mail leads back to.
    """

    email: Email
    client_id: NamedClient | None = None


class EmailChangeConfirm(Input):
    """The link's token, or the code, from the mail to the new address."""

    token: MailedToken | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.token is None) == (self.code is None):
            raise ValueError("send token or code")
        return self


class SessionOut(Output):
    """A live session of an account."""

    id: UUID
    current: bool
    ip: str
    user_agent: str
    amr: list[str]
    created_at: Instant
    authenticated_at: Instant
    refreshed_at: Instant
    expires_at: Instant


class Export(Output):
    """Everything held about an account."""

    user: dict[str, Any]
    pictures: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    passkeys: list[dict[str, Any]]
    totps: list[dict[str, Any]]
    recovery_codes: list[dict[str, Any]]
    upstream_identities: list[dict[str, Any]]
    devices: list[dict[str, Any]]
    personal_tokens: list[dict[str, Any]]
    one_time_tokens: list[dict[str, Any]]
    oauth_consents: list[dict[str, Any]]
    oauth_grants: list[dict[str, Any]]
    device_codes: list[dict[str, Any]]
    owned_clients: list[dict[str, Any]]
    activity: list[dict[str, Any]]


class Format(StrEnum):
    """What an import file holds."""

    NATIVE = "native"
    KEYCLOAK = "keycloak"
    FIREBASE = "firebase"
    ASPNET = "aspnet"


def _source(value: str) -> str:
    # Here: a server loads this module too, and imports nothing.
    from app.core.password_schemes.source import SOURCES

    if value not in SOURCES:
        raise ValueError(f"must be one of {', '.join(sorted(SOURCES))}")
    return value


Source = Annotated[str, Field(max_length=40), AfterValidator(_source)]


class UserImport(Input):
    """One account of another system, as one line of an import file.

    ``name`` may be anything here: an account is not lost for a name that is refused.
    ``totp`` is an ``otpauth`` URI, a secret in base32, or an object of a known form.
    ``passkeys`` are objects of a known form. ``picture`` is a file in base64.
    ``groups`` are names of groups that are there, ``attributes`` are by name.
    ``foreign_groups`` and ``attribute_texts`` are of a product that knows neither our
    names nor types: what is not here is left out, and told.
    """

    email: Email
    name: Any = None
    email_verified: StrictBool = False
    password_hash: Annotated[str, Field(max_length=4_096)] | None = None
    source: Source | None = None
    totp: Annotated[str, Field(max_length=2_048)] | dict[str, Any] | None = None
    recovery_code_hashes: Annotated[
        list[Annotated[str, Field(max_length=1_024)]], Field(max_length=MAX_CODES)
    ] = []
    passkeys: Annotated[list[dict[str, Any]], Field(max_length=MAX_PASSKEYS)] = []
    picture: Annotated[str, Field(max_length=360_000)] | None = None
    groups: Annotated[list[GroupName], Field(max_length=MAX_GROUPS)] = []
    attributes: AttributeValues = {}
    foreign_groups: Annotated[list[str], Field(max_length=MAX_GROUPS)] = []
    attribute_texts: Annotated[dict[str, list[str]], Field(max_length=500)] = {}
