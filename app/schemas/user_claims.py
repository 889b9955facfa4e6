"""Bodies of ``/api/v1/users/{id}/claims``: OIDC Core 5.1 beyond the account."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictBool, model_validator

from app.oauth.uri import parse_uri
from app.schemas.base import Input, Output, ShownText

_BIRTHDATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2}))?")
# E.164 as RFC 3966 writes it, which OIDC Core 5.1 recommends, with its extension.
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{3,30}(?:;ext=[0-9]{1,10})?")
_LEAP_YEAR = 2000


def _web(value: str) -> str:
    parsed = parse_uri(value)
    if parsed is None or parsed.scheme not in ("https", "http"):
        raise ValueError("must be an https or http URL")
    return value


def _birthdate(value: str) -> str:
    """Judge ``YYYY-MM-DD``, ``0000-MM-DD`` for no year, or ``YYYY`` alone."""
    found = _BIRTHDATE.fullmatch(value)
    if found is None or (found[2] is None and found[1] == "0000"):
        raise ValueError("must be YYYY-MM-DD, 0000-MM-DD or YYYY")
    year = int(found[1]) or _LEAP_YEAR
    try:
        date(year, int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        raise ValueError("must be a day that there is") from None
    return value


def _phone(value: str) -> str:
    digits = re.sub("[^0-9]", "", value.partition(";")[0])
    if not _PHONE.fullmatch(value) or not 4 <= len(digits) <= 15:
        raise ValueError("must be a number in international form: +1 425 555 1212")
    return value


def _lines(value: str) -> str:
    """Judge an address of several lines (OIDC Core 5.1.1)."""
    lines = value.replace("\r\n", "\n").split("\n")
    if not all(line.isprintable() for line in lines):
        raise ValueError("only printable characters and new lines")
    return value


Text = Annotated[ShownText, Field(min_length=1)]
Url = Annotated[str, Field(max_length=2_048), AfterValidator(_web)]
Birthdate = Annotated[str, Field(max_length=10), AfterValidator(_birthdate)]
Phone = Annotated[str, Field(max_length=64), AfterValidator(_phone)]
Lines = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_lines)]


class Address(Input):
    """A postal address (OIDC Core 5.1.1)."""

    formatted: Lines | None = None
    street_address: Lines | None = None
    locality: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    country: Text | None = None


class UserClaimsReplace(Input):
    """All claims of an account beyond its profile; what is absent is no more."""

    middle_name: Text | None = None
    nickname: Text | None = None
    preferred_username: Text | None = None
    profile: Url | None = None
    website: Url | None = None
    gender: Text | None = None
    birthdate: Birthdate | None = None
    address: Address | None = None
    phone_number: Phone | None = None


class UserClaimsByAdministrator(UserClaimsReplace):
    """The same, and whether the number is known to be the person's.

    Absent or null, an unchanged number stays what it was, and another is not verified.
    """

    phone_number_verified: StrictBool | None = None

    @model_validator(mode="after")
    def _verify_a_number(self) -> Self:
        if self.phone_number_verified is not None and self.phone_number is None:
            raise ValueError("phone_number_verified is about a phone_number")
        return self


class UserClaims(Output):
    """Claims of OIDC Core 5.1 that are no part of the account itself."""

    middle_name: str | None = None
    nickname: str | None = None
    preferred_username: str | None = None
    profile: str | None = None
    website: str | None = None
    gender: str | None = None
    birthdate: str | None = None
    address: Address | None = None
    phone_number: str | None = None
    phone_number_verified: bool | None = None
