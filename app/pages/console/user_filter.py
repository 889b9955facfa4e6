"""Which accounts a page of the console is about, as its address says it."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request

from app.repositories.statements.user_directory import UserFilter
from app.schemas.user import ROLE_NAME
from app.services.accounts.user import read_search

SORTS = ("-created_at", "created_at", "email", "-email")
_YES_NO = {"yes": True, "no": False}
_MAX_SEARCH = 200


@dataclass(frozen=True, slots=True)
class UserQuery:
    """What was chosen in the list's form; what is not understood is left out.

    Attributes:
        since: The first day, in UTC.
        until: The last day.
        sort: None of the filters: it does not change who is meant.
    """

    q: str = ""
    status: str = ""
    verified: str = ""
    role: str = ""
    factor: str = ""
    since: str = ""
    until: str = ""
    sort: str = ""

    @property
    def wanted(self) -> UserFilter:
        """The same for the repository."""
        last = _day(self.until)
        return UserFilter(
            search=read_search(self.q),
            status=self.status or None,
            role=self.role or None,
            verified=_YES_NO.get(self.verified),
            second_factor=_YES_NO.get(self.factor),
            created_from=_day(self.since),
            created_until=last and last + timedelta(days=1),
        )

    @property
    def chosen(self) -> dict[str, str]:
        """The fields that say something."""
        given = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {name: text for name, text in given.items() if text}

    @property
    def is_empty(self) -> bool:
        """Tell whether every account is meant."""
        return not replace(self, sort="").chosen

    def address(self, path: str, **others: str) -> str:
        """Return the address of a page about these accounts."""
        given = self.chosen | {name: text for name, text in others.items() if text}
        return f"{path}?{urlencode(given)}" if given else path


def user_query(given: Mapping[str, str]) -> UserQuery:
    """Return what of an address, or of a form, chooses accounts."""
    return UserQuery(
        q=given.get("q", "").strip()[:_MAX_SEARCH],
        status=_one_of(given.get("status", ""), ("active", "disabled")),
        verified=_one_of(given.get("verified", ""), _YES_NO),
        role=given.get("role", "") if _is_role(given.get("role", "")) else "",
        factor=_one_of(given.get("factor", ""), _YES_NO),
        since=given.get("since", "") if _day(given.get("since", "")) else "",
        until=given.get("until", "") if _day(given.get("until", "")) else "",
        sort=_one_of(given.get("sort", ""), SORTS),
    )


async def _query(request: Request) -> UserQuery:
    return user_query(request.query_params)


Wanted = Annotated[UserQuery, Depends(_query)]


def _one_of(text: str, known: Container[str]) -> str:
    return text if text in known else ""


def _is_role(text: str) -> bool:
    return re.fullmatch(ROLE_NAME, text) is not None


def _day(text: str) -> datetime | None:
    """Return the beginning of a day, if there is one that near."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    if not 1970 <= found.year <= 9_000:
        return None
    return datetime(found.year, found.month, found.day, tzinfo=UTC)
